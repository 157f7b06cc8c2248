import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

/// The order of items, and what becomes of those there is no room for.
@Suite(.virtualTime) struct AsyncQueuePoliciesTests {
  @Test func `last in, first out`() async throws {
    let queue = AsyncQueue<Int>(order: .lifo)
    for number in [1, 3, 2] { try await queue.put(number) }
    #expect(try all(of: queue) == [2, 3, 1])
  }  // test_queues: LifoQueueTests.test_order

  @Test func `by priority`() async throws {
    let queue = AsyncQueue<Int>(order: .priority)
    for number in [1, 3, 2] { try await queue.put(number) }
    #expect(try all(of: queue) == [1, 2, 3])
  }  // test_queues: PriorityQueueTests.test_order

  @Test func `among equals the oldest comes first`() throws {
    let queue = AsyncQueue<(Int, Int)>(order: .priority { $0.0 > $1.0 })
    var numbers = SeededNumbers(seed: 5)
    for serial in 0..<1000 { _ = try queue.tryPut((numbers.next(below: 10), serial)) }
    let items = try all(of: queue)
    for (item, next) in zip(items, items.dropFirst()) {
      #expect(item.0 > next.0 || (item.0 == next.0 && item.1 < next.1))
    }
    #expect(items.count == 1000)
  }  // C: there, ties are unspecified

  @Test func `items go round and round in the same storage, in every order`() throws {
    for order in [AsyncQueue<Int>.Order.fifo, .lifo, .priority] {
      let queue = AsyncQueue<Int>(order: order)
      var numbers = SeededNumbers(seed: 9)
      var expected: [Int] = []
      for number in 0..<5000 {
        if numbers.next(below: 5) < 3 {
          #expect(try queue.tryPut(number))
          expected.append(number)
        } else {
          let item = try queue.tryGet()
          if case .lifo = order.kind {
            #expect(item == expected.popLast())
          } else {
            #expect(item == (expected.isEmpty ? nil : expected.removeFirst()))
          }
        }
        #expect(queue.count == expected.count)
      }
    }
  }

  @Test func `the oldest is dropped`() async throws {
    let queue = AsyncQueue<Int>(capacity: 2, overflow: .dropOldest)
    for number in 0..<5 { try await queue.put(number) }
    #expect(try queue.tryPut(5))
    #expect(queue.statistics.dropped == 4)
    #expect(queue.statistics.unfinished == 2, "what was dropped counts as done")
    #expect(try all(of: queue) == [4, 5])
  }  // Kotlin: BufferOverflow.DROP_OLDEST

  @Test func `the oldest is dropped where the newest is taken first, too`() async throws {
    let queue = AsyncQueue<Int>(capacity: 2, order: .lifo, overflow: .dropOldest)
    for number in 0..<5 { try await queue.put(number) }
    #expect(try all(of: queue) == [4, 3])
  }

  @Test func `the newest is dropped`() async throws {
    let queue = AsyncQueue<Int>(capacity: 2, overflow: .dropNewest)
    for number in 0..<5 { try await queue.put(number) }
    #expect(try queue.tryPut(5) == false)
    #expect(queue.statistics.dropped == 4)
    #expect(try all(of: queue) == [0, 1])
  }  // Kotlin: BufferOverflow.DROP_LATEST

  @Test func `the newest is refused`() async throws {
    let queue = AsyncQueue<Int>(capacity: 1, overflow: .refuse)
    try await queue.put(0)
    await #expect(throws: QueueError.full) { try await queue.put(1) }
    #expect(try queue.tryPut(1) == false)
    #expect(queue.statistics.dropped == 0)
    #expect(try all(of: queue) == [0])
  }

  @Test(arguments: [AsyncQueue<Int>.Overflow.dropOldest, .dropNewest, .refuse])
  func `nothing is dropped while somebody waits for it`(_ overflow: AsyncQueue<Int>.Overflow) async throws {
    let queue = AsyncQueue<Int>(capacity: 1, overflow: overflow)
    let getters = (0..<2).map { _ in Task { try await queue.get() } }
    await settle()
    for number in 0..<3 { try await queue.put(number) }
    #expect(try await getters[0].value == 0)
    #expect(try await getters[1].value == 1)
    #expect(queue.statistics.dropped == 0)
  }

  private func all<Item>(of queue: AsyncQueue<Item>) throws -> [Item] {
    var items: [Item] = []
    while let item = try queue.tryGet() { items.append(item) }
    return items
  }
}
