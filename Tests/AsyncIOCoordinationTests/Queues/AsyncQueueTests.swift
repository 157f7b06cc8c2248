import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct AsyncQueueTests {
  @Test func `items come out in the order in which they were put in`() async throws {
    let queue = AsyncQueue<Int>()
    #expect(queue.isEmpty)
    #expect(queue.capacity == nil)
    for number in [1, 3, 2] { try await queue.put(number) }
    #expect(queue.count == 3)
    #expect(!queue.isFull)
    var items: [Int] = []
    for _ in 0..<3 { items.append(try await queue.get()) }
    #expect(items == [1, 3, 2])
    #expect(queue.isEmpty)
  }  // test_queues: QueueBasicTests.test_order, test_empty; QueuePutTests.test_blocking_put

  @Test func `a full queue lets no more in until there is room`() async throws {
    let queue = AsyncQueue<Int>(capacity: 2)
    let put = Journal<Int>()
    let task = Task {
      for number in 0..<3 {
        try await queue.put(number)
        put.note(number)
      }
    }
    await settle()
    #expect(put.entries == [0, 1])
    #expect(queue.isFull)
    #expect(try await queue.get() == 0)
    #expect(queue.count == 2, "the item that waited was let in at once")
    await settle()
    #expect(put.entries == [0, 1, 2])
    #expect(try await queue.get() == 1)
    #expect(try await queue.get() == 2)
    try await task.value
  }  // test_queues: QueueBasicTests.test_maxsize, test_full; QueuePutTests.test_blocking_put_wait

  @Test func `who waits for an item is given the next one`() async throws {
    let queue = AsyncQueue<Int>()
    let task = Task { try await queue.get() }
    await settle()
    #expect(queue.statistics.waitingToGet == 1)
    #expect(try queue.tryPut(1))
    #expect(queue.isEmpty, "it was handed over")
    #expect(try queue.tryGet() == nil, "and nobody else can have it")
    #expect(try await task.value == 1)
  }  // test_queues: QueueGetTests.test_blocking_get_wait; QueuePutTests.test_put_with_waiting_getters

  @Test func `getters and putters are served in the order in which they came`() async throws {
    let queue = AsyncQueue<Int>(capacity: 1)
    let getters = (0..<3).map { _ in Task { try await queue.get() } }
    await settle()
    for number in 0..<3 { try await queue.put(number) }
    for (number, getter) in getters.enumerated() { #expect(try await getter.value == number) }
    try await queue.put(3)
    let putters = (4..<7).map { number in Task { try await queue.put(number) } }
    await settle()
    #expect(queue.statistics.waitingToPut == 3)
    #expect(try queue.tryPut(100) == false)
    for number in 3..<7 { #expect(try await queue.get() == number) }
    for putter in putters { try await putter.value }
  }  // test_queues: QueueGetTests.test_get_with_putters, test_get_with_waiting_putters

  @Test func `what needs no waiting is tried`() async throws {
    let queue = AsyncQueue<Int>(capacity: 1)
    #expect(try queue.tryGet() == nil)
    #expect(try queue.tryPut(1))
    #expect(try queue.tryPut(2) == false)
    #expect(try queue.tryGet() == 1)
    try await Task { try await queue.put(3) }.value
    #expect(try await queue.get() == 3)
  }  // test_queues: test_nonblocking_get, test_nonblocking_put, and their _exception

  @Test func `producers and consumers go on as long as there is work`() async throws {
    let queue = AsyncQueue<Int>(capacity: 1)
    let consumer = Task {
      var sum = 0
      for _ in 0..<5 { sum += try await queue.get() }
      return sum
    }
    for number in 0..<5 { try await queue.put(number) }
    #expect(try await consumer.value == 10)
  }  // test_queues: QueueGetTests.test_why_are_getters_waiting

  @Test func `as many putters go on as items were taken at once`() async throws {
    let queue = AsyncQueue<Int>(capacity: 2)
    let putters = (0..<5).map { number in Task { try await queue.put(number) } }
    await settle()
    #expect(queue.statistics.waitingToPut == 3)
    for number in 0..<2 { #expect(try queue.tryGet() == number) }
    for putter in putters.prefix(4) { try await putter.value }
    #expect(queue.statistics.waitingToPut == 1)
    #expect(try queue.tryGet() == 2)
    try await putters[4].value
  }  // test_queues: QueuePutTests.test_why_are_putters_waiting

  @Test func `several tasks iterate over one queue, and each item goes to one of them`() async throws {
    let queue = AsyncQueue<Int>(capacity: 10)
    let seen = Journal<Int>()
    let workers = (0..<3).map { _ in
      Task {
        for await number in queue {
          seen.note(number)
          queue.taskDone()
        }
      }
    }
    for number in 0..<100 { try await queue.put(number) }
    try await queue.join()
    queue.shutdown()
    for worker in workers { await worker.value }
    #expect(seen.entries.sorted() == Array(0..<100))
  }

  @Test @MainActor func `on an actor the loop's body stays on it`() async throws {
    let queue = AsyncQueue<Int>()
    let producer = Task.detached {
      for number in 0..<3 {
        try await queue.put(number)
        await Task.yield()
      }
      queue.shutdown()
    }
    var sum = 0
    for await number in queue {
      MainActor.assertIsolated()
      sum += number
    }
    MainActor.assertIsolated()
    #expect(sum == 3)
    try await producer.value
  }

  @Test(.deadline(.seconds(60))) func `a million items`() async throws {
    let queue = AsyncQueue<Int>()
    for number in 0..<1_000_000 { _ = try queue.tryPut(number) }
    var sum = 0
    while let number = try queue.tryGet() { sum += number }
    #expect(sum == 499_999_500_000)
  }

  @Test(.realTime) func `items may be put in on another thread`() async throws {
    let queue = AsyncQueue<Int>()
    LoopThread.start(named: "foreign") {
      for number in 0..<1000 { _ = try? queue.tryPut(number) }
      queue.shutdown()
    }
    #expect(await queue.reduce(0, +) == 499_500)
  }

  @Test(.realTime, .deadline(.seconds(60))) func `misuse traps with a sentence`() async {
    let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = AsyncQueue<Int>(capacity: 0)
    }
    #expect(none.says("a queue has room for 1 item or more, not 0"))
    let done = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      AsyncQueue<Int>().taskDone()
    }
    #expect(done.says("taskDone was called more often on a queue than items were put in"))
    let oldest = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = AsyncQueue<Int>(capacity: 1, order: .priority, overflow: .dropOldest)
    }
    #expect(oldest.says("a queue by priority does not know its oldest item"))
  }  // test_queues: QueueJoinTests.test_task_done_underflow
}
