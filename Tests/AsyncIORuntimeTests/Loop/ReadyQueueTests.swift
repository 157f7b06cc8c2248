import Testing

@testable import AsyncIORuntime

struct ReadyQueueTests {
  @Test func `items leave in the order in which they came`() {
    var queue = ReadyQueue()
    for word in 1...10 as ClosedRange<UInt> { queue.push(ReadyItem(word: word)) }
    for word in 1...10 as ClosedRange<UInt> { #expect(queue.pop().word == word) }
    #expect(queue.count == 0)
  }

  @Test func `the order survives growth with a head in the middle`() {
    var queue = ReadyQueue()
    var (pushed, popped): (UInt, UInt) = (0, 0)
    for round in 1...200 {
      for _ in 0..<(round % 17 + 8) {
        pushed += 1
        queue.push(ReadyItem(word: pushed))
      }
      for _ in 0..<(round % 7) {
        popped += 1
        #expect(queue.pop().word == popped)
      }
    }
    #expect(queue.count == Int(pushed - popped))
    while queue.count > 0 {
      popped += 1
      #expect(queue.pop().word == popped)
    }
    #expect(popped == pushed)
  }

  @Test func `an item may be brought to the front, across the end of the ring`() {
    var queue = ReadyQueue()
    for word in 1...250 as ClosedRange<UInt> { queue.push(ReadyItem(word: word)) }
    for _ in 1...250 { _ = queue.pop() }
    for word in 1...20 as ClosedRange<UInt> { queue.push(ReadyItem(word: word)) }
    queue.bringToFront(15)
    #expect(queue.pop().word == 16)
    var rest: Set<UInt> = []
    while queue.count > 0 { rest.insert(queue.pop().word) }
    #expect(rest == Set(1...20).subtracting([16]))
  }

  @Test func `an empty queue gives back what an unusual number of items has taken`() {
    var queue = ReadyQueue()
    let initial = queue.capacity
    for word in 1...100_000 as ClosedRange<UInt> { queue.push(ReadyItem(word: word)) }
    queue.giveMemoryBack()
    #expect(queue.capacity >= 100_000, "it is not empty")
    while queue.count > 0 { _ = queue.pop() }
    queue.giveMemoryBack()
    #expect(queue.capacity == initial)
    queue.push(ReadyItem(word: 8))
    #expect(queue.pop().word == 8)
  }

  @Test func `an item keeps its kind beside its pointer`() {
    for kind in [ReadyItem.Kind.global, .callback, .main, .preferred] {
      #expect(ReadyItem(word: 0x1230 | kind.rawValue).kind == kind)
    }
  }

  @Test func `a callback that is dropped is released`() {
    final class Witness: Sendable {}
    weak var witness: Witness?
    do {
      let strong = Witness()
      witness = strong
      let item = ReadyItem(LoopCallback { _ = strong })
      #expect(item.kind == .callback)
      item.drop()
    }
    #expect(witness == nil)
  }
}
