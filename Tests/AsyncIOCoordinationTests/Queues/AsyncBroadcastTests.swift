import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct AsyncBroadcastTests {
  @Test func `each subscription sees all that is sent from its making on`() async throws {
    let broadcast = AsyncBroadcast<Int>(capacity: 10)
    #expect(broadcast.send(0) == 0, "nobody is there")
    let first = broadcast.subscribe()
    #expect(broadcast.send(1) == 1)
    let second = broadcast.subscribe()
    #expect(broadcast.send(2) == 2)
    broadcast.finish()
    #expect(try await first.reduce(into: []) { $0.append($1) } == [1, 2])
    #expect(try await second.reduce(into: []) { $0.append($1) } == [2])
  }  // tokio: broadcast

  @Test func `all who wait are woken, in order`() async throws {
    let broadcast = AsyncBroadcast<String>(capacity: 1)
    let order = Journal<Int>()
    let tasks = (0..<3).map { number in
      let subscription = broadcast.subscribe()
      return Task {
        while let element = try await subscription.next() {
          #expect(element == "a")
          order.note(number)
        }
      }
    }
    await settle()
    #expect(broadcast.statistics == .init(subscriptions: 3, count: 0, waiting: 3))
    broadcast.send("a")
    await settle()
    #expect(order.entries == [0, 1, 2])
    broadcast.finish()
    broadcast.finish()
    for task in tasks { try await task.value }
  }

  @Test func `one that is too slow is told what it has missed, and goes on with the oldest that is kept`()
    async throws
  {
    let broadcast = AsyncBroadcast<Int>(capacity: 3)
    let (slow, fast) = (broadcast.subscribe(), broadcast.subscribe())
    for number in 0..<3 { broadcast.send(number) }
    #expect(try await fast.next() == 0)
    for number in 3..<5 { broadcast.send(number) }
    await #expect(throws: BroadcastLagError(missed: 2)) { _ = try await slow.next() }
    #expect(try await slow.next() == 2)
    await #expect(throws: BroadcastLagError(missed: 1)) { _ = try await fast.next() }
    #expect(try await fast.next() == 2)
    #expect(slow.missed == 2)
    #expect(
      BroadcastLagError(missed: 3).description == "3 elements were missed: the subscription was too slow")
  }  // tokio: broadcast, "Lagging"

  @Test func `one that is too slow may just skip what it has missed`() async throws {
    let broadcast = AsyncBroadcast<Int>(capacity: 2, lag: .skip)
    let subscription = broadcast.subscribe()
    for number in 0..<10 { broadcast.send(number) }
    broadcast.finish()
    #expect(try await subscription.reduce(into: []) { $0.append($1) } == [8, 9])
    #expect(subscription.missed == 8)
  }

  @Test func `cancelled before or while it waits, the iteration ends, and the subscription has lost nothing`()
    async throws
  {
    let broadcast = AsyncBroadcast<Int>(capacity: 2)
    let subscription = broadcast.subscribe()
    for waitsFirst in [false, true] {
      let task = Task { try await subscription.next() }
      if waitsFirst { await settle() }
      task.cancel()
      #expect(try await task.value == nil)
    }
    #expect(broadcast.statistics.waiting == 0)
    broadcast.send(1)
    #expect(try await subscription.next() == 1)
  }

  @Test func `cancelled just after a sending, it has the element`() async throws {
    let broadcast = AsyncBroadcast<Int>(capacity: 2)
    let subscription = broadcast.subscribe()
    let task = Task { try await subscription.next() }
    await settle()
    broadcast.send(1)
    task.cancel()
    #expect(try await task.value == 1)
  }

  @Test func `an element goes away when all have seen it`() async throws {
    let broadcast = AsyncBroadcast<Token>(capacity: 10)
    let first = broadcast.subscribe()
    var second: AsyncBroadcast<Token>.Subscription? = broadcast.subscribe()
    weak var token: Token?
    do {
      let own = Token()
      token = own
      broadcast.send(own)
    }
    _ = try await first.next()
    #expect(token != nil, "the second has not seen it")
    #expect(broadcast.statistics.count == 1)
    #expect(second != nil)
    second = nil
    #expect(token == nil)
    #expect(broadcast.statistics == .init(subscriptions: 1, count: 0, waiting: 0))
  }

  @Test(.realTime, .deadline(.seconds(60))) func `misuse traps with a sentence`() async {
    let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = AsyncBroadcast<Int>(capacity: 0)
    }
    #expect(none.says("a broadcast keeps 1 element or more, not 0"))
    let late = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let broadcast = AsyncBroadcast<Int>(capacity: 1)
      broadcast.finish()
      broadcast.send(1)
    }
    #expect(late.says("an element was sent after finish"))
  }

  @Test(.realTime, .deadline(.seconds(60)), arguments: 1...3 as ClosedRange<UInt64>)
  func `on two loops each sees all, in order`(_ seed: UInt64) async throws {
    try await onLoops(2) {
      let broadcast = AsyncBroadcast<Int>(capacity: 10_000)
      let tasks = (0..<8).map { _ in
        let subscription = broadcast.subscribe()
        return Task { try await subscription.reduce(into: []) { $0.append($1) } }
      }
      for number in 0..<1000 {
        broadcast.send(number)
        if number % Int(seed + 2) == 0 { await Task.yield() }
      }
      broadcast.finish()
      for task in tasks {
        let seen = try await task.value
        #expect(seen == Array(0..<1000))
      }
    }
  }
}
