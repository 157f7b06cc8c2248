import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct AsyncEventTests {
  @Test func `all who wait are woken, in order`() async throws {
    let event = AsyncEvent()
    let order = Journal<Int>()
    let tasks = (1...3).map { number in
      Task {
        try await event.wait()
        order.note(number)
      }
    }
    await settle()
    #expect(order.entries == [])
    #expect(event.statistics == .init(isSet: false, waiting: 3))
    event.set()
    for task in tasks { try await task.value }
    #expect(order.entries == [1, 2, 3])
  }  // test_locks: EventTests.test_wait

  @Test func `who comes after the event is not behind those who are woken`() async throws {
    let event = AsyncEvent()
    let order = Journal<Int>()
    let wait: @Sendable (Int) async throws -> Void = { number in
      try await event.wait()
      order.note(number)
    }
    let waiting = (1...2).map { number in Task { try await wait(number) } }
    await settle()
    let late = Task { try await wait(3) }
    event.set()
    for task in waiting + [late] { try await task.value }
    #expect(order.entries == [3, 1, 2])
  }  // test_locks: EventTests.test_wait

  @Test func `what has happened is not waited for`() async throws {
    let event = AsyncEvent()
    event.set()
    #expect(event.isSet)
    try await event.wait()
    try await AsyncEvent(isSet: true).wait()
  }  // test_locks: EventTests.test_wait_on_set

  @Test func `cleared, it is waited for again`() async throws {
    let event = AsyncEvent(isSet: true)
    event.clear()
    #expect(!event.isSet)
    await #expect(throws: TimeoutError.self) { try await withTimeout(.seconds(1)) { try await event.wait() } }
    #expect(event.statistics.waiting == 0)
  }  // test_locks: EventTests.test_clear

  @Test func `set and cleared at once, it wakes those who wait`() async throws {
    let event = AsyncEvent()
    let task = Task { try await event.wait() }
    await settle()
    event.set()
    event.clear()
    #expect(!event.isSet)
    event.set()
    event.set()
    try await task.value
    #expect(event.statistics.waiting == 0)
  }  // test_locks: EventTests.test_clear_with_waiters

  @Test func `cancelled while it waits, it leaves`() async throws {
    let event = AsyncEvent()
    let task = Task { try await event.wait() }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(event.statistics.waiting == 0)
  }  // test_locks: EventTests.test_wait_cancel

  @Test func `cancelled before it waits, it throws, unless it has happened`() async throws {
    let event = AsyncEvent()
    let task = Task {
      await #expect(throws: CancellationError.self) { try await event.wait() }
      event.set()
      try await event.wait()
    }
    task.cancel()
    try await task.value
  }

  @Test func `cancelled just after the event, it has seen it`() async throws {
    let event = AsyncEvent()
    let task = Task { try await event.wait() }
    await settle()
    event.set()
    task.cancel()
    try await task.value
  }

  @Test(.realTime) func `it may be set on another thread`() async throws {
    for _ in 0..<100 {
      let event = AsyncEvent()
      LoopThread.start(named: "foreign") { event.set() }
      try await event.wait()
    }
  }
}
