import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

/// Join and shutdown, in every order of items.
@Suite(.virtualTime) struct AsyncQueueEndingTests {
  enum Kind: CaseIterable {
    case fifo, lifo, priority

    func make(capacity: Int? = nil) -> AsyncQueue<Int> {
      switch self {
      case .fifo: AsyncQueue(capacity: capacity)
      case .lifo: AsyncQueue(capacity: capacity, order: .lifo)
      case .priority: AsyncQueue(capacity: capacity, order: .priority)
      }
    }
  }

  @Test(arguments: Kind.allCases)
  func `join waits for what was put in to be done, and not for it to be taken`(_ kind: Kind) async throws {
    let queue = kind.make()
    try await queue.join()
    let sum = Journal<Int>()
    for number in 0..<100 { try await queue.put(number) }
    let workers = (0..<2).map { _ in
      Task {
        for await number in queue {
          try await sleep(for: .seconds(1))
          sum.note(number)
          queue.taskDone()
        }
      }
    }
    try await queue.join()
    #expect(sum.entries.reduce(0, +) == 4950)
    #expect(LoopClock.now == .seconds(50))
    queue.shutdown()
    for worker in workers { try await worker.value }
    try await queue.join()
  }  // test_queues: QueueJoinTests.test_task_done, test_join_empty_queue

  @Test(arguments: Kind.allCases)
  func `shut down empty, it wakes those who wait, and takes and gives nothing more`(_ kind: Kind) async throws
  {
    let queue = kind.make()
    let getter = Task { try await queue.get() }
    let iterating = Task { for await _ in queue {} }
    await settle()
    queue.shutdown()
    #expect(queue.isShutDown)
    try await queue.join()
    await #expect(throws: QueueError.shutDown) { try await getter.value }
    await iterating.value
    await expectShutDown(queue)
    queue.shutdown()
    await expectShutDown(queue)
  }  // test_queues: QueueShutdownTests.test_shutdown_empty

  @Test(arguments: Kind.allCases)
  func `shut down with items, they can be taken still`(_ kind: Kind) async throws {
    let queue = kind.make(capacity: 1)
    try await queue.put(1)
    let joining = Task { try await queue.join() }
    let putter = Task { try await queue.put(2) }
    await settle()
    queue.shutdown()
    #expect(queue.count == 1)
    await #expect(throws: QueueError.shutDown) { try await putter.value }
    await #expect(throws: QueueError.shutDown) { try await queue.put(3) }
    #expect(try await queue.get() == 1)
    await settle()
    #expect(queue.statistics.joining == 1)
    await expectShutDown(queue)
    queue.taskDone()
    try await joining.value
    #expect(queue.statistics.unfinished == 0)
  }  // test_queues: QueueShutdownTests.test_shutdown_nonempty

  @Test(arguments: Kind.allCases)
  func `shut down at once, what was in it counts as done`(_ kind: Kind) async throws {
    let queue = kind.make()
    for number in 0..<3 { try await queue.put(number) }
    let joining = Task { try await queue.join() }
    _ = try await queue.get()
    await settle()
    queue.shutdown(immediate: true)
    #expect(queue.isEmpty)
    await settle()
    #expect(queue.statistics.joining == 1, "one is in somebody's hands")
    #expect(queue.statistics.unfinished == 1)
    await expectShutDown(queue)
    queue.taskDone()
    try await joining.value
  }  // test_queues: QueueShutdownTests.test_shutdown_immediate, test_shutdown_immediate_with_unfinished

  @Test func `shut down first, and then at once`() async throws {
    let queue = AsyncQueue<Int>()
    try await queue.put(1)
    let joining = Task { try await queue.join() }
    await settle()
    queue.shutdown()
    queue.shutdown(immediate: true)
    try await joining.value
    await expectShutDown(queue)
  }

  @Test func `shut down, it drops its items and keeps nothing of them`() async throws {
    weak var token: Token?
    let queue = AsyncQueue<Token>()
    do {
      let own = Token()
      token = own
      try await queue.put(own)
    }
    #expect(token != nil)
    queue.shutdown(immediate: true)
    #expect(token == nil)
  }

  @Test(arguments: [false, true])
  func `a queue that goes away takes its items with it`(_ isByPriority: Bool) throws {
    weak var token: Token?
    do {
      let queue = AsyncQueue<Token>(order: isByPriority ? .priority { _, _ in false } : .fifo)
      let own = Token()
      token = own
      for _ in 0..<40 { _ = try queue.tryPut(own) }
      for _ in 0..<30 { _ = try queue.tryGet() }
      for _ in 0..<3 { _ = try queue.tryPut(own) }
    }
    #expect(token == nil)
  }

  @Test func `a getter that was given an item before the shutdown has it`() async throws {
    let queue = AsyncQueue<Int>()
    let getter = Task { try await queue.get() }
    await settle()
    try await queue.put(1)
    queue.shutdown(immediate: true)
    #expect(try await getter.value == 1)
    #expect(queue.statistics.unfinished == 1)
  }

  @Test func `the errors are sentences`() {
    #expect(QueueError.shutDown.description == "the queue was shut down")
    #expect(QueueError.full.description == "the queue is full")
  }

  private func expectShutDown(_ queue: AsyncQueue<Int>) async {
    await #expect(throws: QueueError.shutDown) { try await queue.put(1) }
    #expect(throws: QueueError.shutDown) { _ = try queue.tryPut(1) }
    await #expect(throws: QueueError.shutDown) { try await queue.get() }
    #expect(throws: QueueError.shutDown) { _ = try queue.tryGet() }
  }
}
