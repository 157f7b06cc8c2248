import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Synchronization
import Testing

@testable import asyncio

@Suite(.virtualTime) struct QueueWorkerTests {
  private let urls = (0..<100).map { "http://a/\($0)" }

  private func ok(_ job: FetchJob) -> FetchResult { FetchResult(job.url, .fetched(status: 200)) }

  /// What a worker does and says.
  private final class Log: Sendable {
    let reported = Mutex<[String]>([])
    let notes = Mutex<[String]>([])
    let running = Mutex<(now: Int, most: Int)>((0, 0))
  }

  private func worker(
    _ queue: MemoryFetchQueue, _ log: Log, limit: Int = 10, _ work: @escaping QueueWorker.Work
  ) -> QueueWorker {
    QueueWorker(
      queue, limit: limit,
      work: { job in
        log.running.withLock { running in
          running.now += 1
          running.most = max(running.most, running.now)
        }
        defer { log.running.withLock { $0.now -= 1 } }
        return try await work(job)
      },
      report: { result in log.reported.withLock { $0.append(result.url) } },
      note: { note in log.notes.withLock { $0.append(note) } })
  }

  @Test func `several workers do each job once, and end together`() async throws {
    let queue = MemoryFetchQueue(urls)
    let log = Log()
    try await gather(0..<3) { index in
      try await self.worker(queue, log, limit: 7) { job in
        try await sleep(for: .milliseconds(10 + 7 * index))
        return (self.ok(job), nil)
      }.run()
    }
    #expect(log.reported.withLock { $0.sorted() } == urls.sorted())
    #expect(queue.attempts.allSatisfy { $0 == 1 })
    #expect(log.running.withLock { $0.most } == 21)
    #expect(log.notes.withLock { $0.isEmpty })
  }

  @Test func `nobody takes more than there is room for`() async throws {
    let queue = MemoryFetchQueue(urls)
    let log = Log()
    try await worker(queue, log, limit: 4) { job in
      try await sleep(for: .seconds(1))
      return (ok(job), nil)
    }.run()
    #expect(log.running.withLock { $0.most } == 4)
    #expect(queue.portions.withLock { $0.allSatisfy { $0 <= 4 } })
  }

  @Test func `results that come at the same time are written at the same time`() async throws {
    let queue = MemoryFetchQueue(urls)
    try await worker(queue, Log(), limit: 50) { job in
      try await sleep(for: .seconds(1))
      return (ok(job), nil)
    }.run()
    #expect(queue.batches.withLock { $0.count } < 10)
  }

  @Test func `what may go better is given out again, as often as it may`() async throws {
    let queue = MemoryFetchQueue(["http://a/0", "http://a/1", "http://a/2"])
    let log = Log()
    let start = LoopClock.now
    try await worker(queue, log) { job in
      // The first goes well at once, the second the third time, the third never.
      if job.number == 0 || (job.number == 1 && job.attempt == 3) { return (ok(job), nil) }
      return (FetchResult(job.url, .failed("no")), job.attempt <= 2 ? .seconds(job.attempt) : nil)
    }.run()
    #expect(queue.attempts == [1, 3, 3])
    #expect(queue.results.map(\.?.isOK) == [true, true, false])
    #expect(log.reported.withLock { $0.count } == 3)
    #expect(start.duration(to: .now) >= .seconds(3))
  }

  @Test func `a job that takes longer than its claim stays with its worker`() async throws {
    let queue = MemoryFetchQueue(Array(urls.prefix(5)), claim: .seconds(3))
    let log = Log()
    try await gather(0..<2) { _ in
      try await self.worker(queue, log) { job in
        try await sleep(for: .seconds(60))
        return (self.ok(job), nil)
      }.run()
    }
    #expect(queue.attempts.allSatisfy { $0 == 1 })
    #expect(log.reported.withLock { $0.count } == 5)
  }

  @Test func `the jobs of a worker that is gone are done by another`() async throws {
    let queue = MemoryFetchQueue(Array(urls.prefix(20)), claim: .seconds(3))
    // It has taken them, and nothing is heard of it any more.
    _ = try await queue.take(upTo: 10)
    let log = Log()
    try await worker(queue, log) { job in (ok(job), nil) }.run()
    #expect(log.reported.withLock { $0.count } == 20)
    #expect(queue.attempts == Array(repeating: 2, count: 10) + Array(repeating: 1, count: 10))
  }

  @Test func `what a latecomer says does not count`() async throws {
    let queue = MemoryFetchQueue(["http://a/0"])
    let log = Log()
    try await worker(queue, log) { job in
      if job.attempt == 1 {
        // As if it had been suspended, and somebody else had been given the job.
        try await queue.giveAgain(job, after: .zero, because: "")
        let again = try await queue.take(upTo: 1)
        _ = try await queue.finish(again.map { EndedJob(job: $0, result: ok($0)) })
      }
      return (FetchResult(job.url, .failed("late")), nil)
    }.run()
    #expect(queue.results.map(\.?.isOK) == [true])
    #expect(log.reported.withLock { $0.isEmpty })
    #expect(
      log.notes.withLock { $0 } == [
        "asyncio: another process was given http://a/0, as this one took too long"
      ])
  }

  @Test(arguments: [false, true])
  func `a job that a worker is given again takes the place of what it was`(isEnded: Bool) async throws {
    let queue = MemoryFetchQueue(["http://a/0"], claim: .seconds(3))
    let log = Log()
    let start = LoopClock.now
    // Nobody is told that the job is being dealt with, or has ended.
    queue.isAway.store(true, ordering: .relaxed)
    try await worker(queue, log) { job in
      guard job.attempt == 1 else {
        queue.isAway.store(false, ordering: .relaxed)
        try await sleep(for: .seconds(10))
        return (ok(job), nil)
      }
      if !isEnded { try await sleep(for: .seconds(1000)) }
      return (FetchResult(job.url, .failed("the first attempt")), nil)
    }.run()
    #expect(start.duration(to: .now) < .seconds(20))
    #expect(queue.attempts == [2])
    #expect(queue.results.map(\.?.isOK) == [true])
    #expect(log.reported.withLock { $0 } == ["http://a/0"])
    #expect(log.notes.withLock { $0.isEmpty })
  }

  @Test func `cancelled, a worker writes what it has and puts the rest back`() async throws {
    let queue = MemoryFetchQueue(Array(urls.prefix(30)))
    let log = Log()
    let task = createTask {
      try await self.worker(queue, log) { job in
        try await sleep(for: job.number < 5 ? .seconds(1) : .seconds(1000))
        return (self.ok(job), nil)
      }.run()
    }
    try await sleep(for: .seconds(2))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(queue.results.count { $0 != nil } == 5)
    // Nothing is said to have been tried that was not, and nobody waits for a claim.
    #expect(queue.attempts == Array(repeating: 1, count: 5) + Array(repeating: 0, count: 25))
    let next = try await queue.take(upTo: 100)
    #expect(next.count == 25)
  }

  @Test func `a queue that is lost ends the worker with its error`() async throws {
    let queue = MemoryFetchQueue(urls)
    queue.isGone.store(true, ordering: .relaxed)
    let log = Log()
    await #expect(throws: MemoryFetchQueue.Failure.self) {
      try await worker(queue, log) { job in (ok(job), nil) }.run()
    }
    #expect(log.reported.withLock { $0.isEmpty })
    #expect(log.notes.withLock { $0.count } == 1)
  }
}
