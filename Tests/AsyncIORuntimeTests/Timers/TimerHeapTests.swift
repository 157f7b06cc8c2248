import Testing

@testable import AsyncIORuntime

struct TimerHeapTests {
  @Test func `timers fire in the order of their deadlines`() {
    var heap = TimerHeap()
    for deadline in [5, 3, 9, 1, 7] as [Int64] {
      _ = heap.insert(deadline: deadline, payload: UInt(deadline))
    }
    #expect(heap.earliest == 1)
    #expect(drain(&heap) == [1, 3, 5, 7, 9])
    #expect(heap.earliest == nil)
  }

  @Test func `timers of one instant fire in the order in which they were set`() {
    var heap = TimerHeap()
    for payload in 0..<1000 as Range<UInt> { _ = heap.insert(deadline: 7, payload: payload) }
    #expect(drain(&heap) == Array(0..<1000))
  }

  @Test func `a timer is not due before its deadline`() {
    var heap = TimerHeap()
    _ = heap.insert(deadline: 10, payload: 1)
    #expect(heap.popDue(at: 9) == nil)
    #expect(heap.popDue(at: 10) == 1)
    #expect(heap.popDue(at: 10) == nil)
  }

  @Test func `an identifier names nothing once its timer has fired or was removed`() {
    var heap = TimerHeap()
    let fired = heap.insert(deadline: 1, payload: 1)
    let removed = heap.insert(deadline: 2, payload: 2)
    #expect(heap.popDue(at: 1) == 1)
    #expect(heap.remove(removed) == 2)
    // New timers take the slots of the old ones.
    _ = heap.insert(deadline: 3, payload: 3)
    _ = heap.insert(deadline: 4, payload: 4)
    #expect(heap.remove(fired) == nil)
    #expect(heap.remove(removed) == nil)
    #expect(heap.count == 2)
  }

  @Test func `memory shrinks when the last timer goes`() {
    var heap = TimerHeap()
    let initial = heap.capacity
    let timers = (0..<100_000).map { heap.insert(deadline: Int64($0), payload: 8) }
    #expect(heap.capacity >= 100_000)
    #expect(timers.count { heap.remove($0) == 8 } == 100_000)
    #expect(heap.count == 0)
    #expect(heap.capacity == initial)
  }

  @Test func `any timer may be taken at the end`() {
    var heap = TimerHeap()
    for payload in 1...10 as ClosedRange<UInt> { _ = heap.insert(deadline: Int64(payload), payload: payload) }
    var taken: Set<UInt> = []
    while let payload = heap.popAny() { taken.insert(payload) }
    #expect(taken == Set(1...10))
  }

  @Test(arguments: 1...10 as ClosedRange<UInt64>)
  func `in any order of operations it agrees with a sorted array`(_ seed: UInt64) throws {
    var choices = SeededNumbers(seed: seed)
    var heap = TimerHeap()
    var model = TimerModel()
    var agree = true
    for step in 1...5_000 as ClosedRange<UInt> {
      // A bias that turns around, so that the heap grows and runs empty.
      let insertions = step / 500 % 2 == 0 ? 7 : 2
      switch choices.next(below: 10) {
      case 0..<insertions:
        let deadline = Int64(choices.next(below: 50))
        model.insert(deadline, step, heap.insert(deadline: deadline, payload: step))
      case 9:
        let now = Int64(choices.next(below: 50))
        agree = agree && heap.popDue(at: now) == model.popDue(at: now)
      default:
        guard let id = model.anyIdentifier(&choices) else { continue }
        agree = agree && heap.remove(id.timer) == model.remove(id.payload)
      }
      agree = agree && heap.count == model.count && heap.earliest == model.earliest
      try #require(agree, "they differ at step \(step)")
    }
    #expect(drain(&heap) == model.sortedPayloads)
  }

  private func drain(_ heap: inout TimerHeap) -> [UInt] {
    var payloads: [UInt] = []
    while let payload = heap.popDue(at: .max) { payloads.append(payload) }
    return payloads
  }
}

/// What a timer heap does, as simple as can be.
private struct TimerModel {
  private var timers: [(deadline: Int64, payload: UInt)] = []
  /// Of all timers there ever were, so that stale ones are tried too.
  private var identifiers: [(payload: UInt, timer: TimerID)] = []

  var count: Int { timers.count }
  var earliest: Int64? { timers.first?.deadline }
  var sortedPayloads: [UInt] { timers.map(\.payload) }

  mutating func insert(_ deadline: Int64, _ payload: UInt, _ timer: TimerID) {
    let place = timers.firstIndex { $0.deadline > deadline } ?? timers.count
    timers.insert((deadline, payload), at: place)
    identifiers.append((payload, timer))
  }

  mutating func popDue(at now: Int64) -> UInt? {
    guard let first = timers.first, first.deadline <= now else { return nil }
    return timers.removeFirst().payload
  }

  mutating func remove(_ payload: UInt) -> UInt? {
    guard let place = timers.firstIndex(where: { $0.payload == payload }) else { return nil }
    return timers.remove(at: place).payload
  }

  /// Mostly one of the newest, as these are most likely to be set.
  func anyIdentifier(_ choices: inout SeededNumbers) -> (payload: UInt, timer: TimerID)? {
    guard !identifiers.isEmpty else { return nil }
    let bound = choices.next(below: 4) == 0 ? identifiers.count : min(identifiers.count, 64)
    return identifiers[identifiers.count - 1 - choices.next(below: bound)]
  }
}
