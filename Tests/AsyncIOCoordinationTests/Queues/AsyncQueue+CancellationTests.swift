import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

/// No item is lost by a cancellation, and nobody is left in line.
@Suite(.virtualTime) struct AsyncQueueCancellationTests {
  @Test func `cancelled before it waits, it throws, unless it need not wait`() async throws {
    let queue = AsyncQueue<Int>(capacity: 1)
    let task = Task {
      try await queue.put(1)
      await #expect(throws: CancellationError.self) { try await queue.put(2) }
      #expect(try await queue.get() == 1)
      await #expect(throws: CancellationError.self) { try await queue.get() }
      for await _ in queue { Issue.record("nothing is there") }
    }
    task.cancel()
    try await task.value
    #expect(queue.statistics.waitingToGet == 0 && queue.statistics.waitingToPut == 0)
  }

  @Test func `a getter that is cancelled leaves, and the next one has the item`() async throws {
    let queue = AsyncQueue<String>()
    let first = Task { try await queue.get() }
    let second = Task { try await queue.get() }
    await settle()
    first.cancel()
    // It has not run since.
    try await queue.put("a")
    #expect(try await second.value == "a")
    await #expect(throws: CancellationError.self) { try await first.value }
    #expect(queue.statistics.waitingToGet == 0)
  }  // test_queues: QueueGetTests.test_get_cancelled_race

  @Test func `a getter that is cancelled when it was given an item has it`() async throws {
    let queue = AsyncQueue<Int>()
    let reader = Task { try await queue.get() }
    await settle()
    _ = try queue.tryPut(1)
    _ = try queue.tryPut(2)
    reader.cancel()
    #expect(try await reader.value == 1)
    #expect(try queue.tryGet() == 2)
  }  // test_queues: QueuePutTests.test_get_cancel_drop_one_pending_reader

  @Test func `of many getters one is cancelled, and no item is lost`() async throws {
    let queue = AsyncQueue<Int>()
    let readers = (0..<3).map { _ in Task { try await queue.get() } }
    await settle()
    readers[0].cancel()
    _ = try queue.tryPut(1)
    _ = try queue.tryPut(2)
    await #expect(throws: CancellationError.self) { try await readers[0].value }
    #expect(try await readers[1].value == 1)
    #expect(try await readers[2].value == 2)
  }  // test_queues: QueuePutTests.test_get_cancel_drop_many_pending_readers

  @Test func `a getter that times out is not held`() async throws {
    let queue = AsyncQueue<Int>(capacity: 5)
    await #expect(throws: TimeoutError.self) { try await withTimeout(.seconds(1)) { try await queue.get() } }
    #expect(queue.statistics.waitingToGet == 0)
  }  // test_queues: QueueGetTests.test_cancelled_getters_not_being_held_in_self_getters

  @Test func `a putter that is cancelled leaves, and the next one's item is let in`() async throws {
    let queue = AsyncQueue<String>(capacity: 1)
    try await queue.put("a")
    let cancelled = Task { try await queue.put("x") }
    let other = Task { try await queue.put("b") }
    await settle()
    cancelled.cancel()
    #expect(try queue.tryGet() == "a")
    try await other.value
    #expect(try queue.tryGet() == "b")
    #expect(try queue.tryGet() == nil)
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    #expect(queue.statistics.waitingToPut == 0)
    #expect(queue.statistics.unfinished == 2, "what was not let in is not counted")
  }  // test_queues: QueuePutTests.test_put_cancelled_race, test_cancelled_puts_not_being_held_in_self_putters

  @Test func `a putter that is cancelled when its item was let in has put it in, once`() async throws {
    let queue = AsyncQueue<Int>(capacity: 1)
    try await queue.put(1)
    let writer = Task { try await queue.put(2) }
    await settle()
    #expect(try queue.tryGet() == 1)
    writer.cancel()
    try await writer.value
    #expect(try queue.tryGet() == 2)
    #expect(queue.isEmpty)
  }  // test_queues: QueuePutTests.test_put_cancel_drop, test_cancelled_put_silence_value_error_exception

  @Test func `an item of a putter that was cancelled goes away with it`() async throws {
    let queue = AsyncQueue<Token>(capacity: 1)
    try await queue.put(Token())
    weak var token: Token?
    do {
      let own = Token()
      token = own
      let task = Task { [own] in try await queue.put(own) }
      await settle()
      #expect(token != nil)
      task.cancel()
      _ = await task.result
    }
    await settle()
    #expect(token == nil)
  }

  @Test func `whoever joins and is cancelled leaves`() async throws {
    let queue = AsyncQueue<Int>()
    try await queue.put(1)
    let task = Task { try await queue.join() }
    await settle()
    #expect(queue.statistics.joining == 1)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(queue.statistics.joining == 0)
  }
}
