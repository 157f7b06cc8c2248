import Synchronization
import Testing

@testable import AsyncIORuntime

struct PollSlotTableTests {
  @Test func `slots in use are all different, and new ones are ready`() {
    let table = PollSlotTable()
    var addresses: Set<UInt> = []
    for _ in 0..<1000 {
      let slot = unsafe table.take()
      addresses.insert(UInt(bitPattern: slot))
      #expect(unsafe ReadinessWord.isReady(slot.pointee.reader.load(ordering: .relaxed)))
      #expect(unsafe ReadinessWord.isReady(slot.pointee.writer.load(ordering: .relaxed)))
    }
    #expect(addresses.count == 1000)
  }

  @Test func `a slot that comes back has another generation`() {
    let table = PollSlotTable()
    let slot = unsafe table.take()
    let generation = unsafe slot.pointee.generation.load(ordering: .relaxed)
    unsafe slot.pointee.reader.shut()
    unsafe table.giveBack(slot)
    let again = unsafe table.take()
    #expect(unsafe again == slot)
    #expect(unsafe again.pointee.generation.load(ordering: .relaxed) == generation + 1)
    #expect(unsafe ReadinessWord.isReady(again.pointee.reader.load(ordering: .relaxed)))
  }
}
