// One of the processes that work on a run together.
//
// Who does what: one task takes jobs, as many as there is room for; each job is a task; one task writes what became of them, as many
// at a time as have ended meanwhile; one says again and again that the jobs are being dealt with. `held` has the jobs that
// were taken and not ended: a job is added before its task begins, and removed by the writer, or when it was given back.
//
// How it ends: the queue says that the run has ended only when no process holds a job, and so when this one's results are written.
// Cancelled, or with an error: the results that are there are written, and the other jobs put back, so that others need not
// wait for the claims to be over. Killed: nothing is done, and the jobs come back when their claims are over.

import AsyncIO
import Synchronization

/// Takes jobs from a queue until the run has ended, a number of them at the same time.
final class QueueWorker: Sendable {
  /// What to do with a job: what became of it, and how long to wait before it is worth another try, if it is.
  typealias Work = @Sendable (FetchJob) async throws -> (result: FetchResult, pause: Duration?)

  private let queue: any FetchQueue
  private let limit: Int
  private let retries: Int
  private let work: Work
  private let report: @Sendable (FetchResult) -> Void
  private let note: @Sendable (String) -> Void
  /// What became of each job that was taken; nil while that is open.
  private let held = Mutex<[Int: (job: FetchJob, result: FetchResult?)]>([:])
  private let ended: AsyncQueue<EndedJob>
  /// How many results are written at a time.
  private static let largestBatch = 500
  /// How long to try to give jobs back at the end.
  private static let grace = Duration.seconds(5)

  /// Makes a worker.
  ///
  /// - Parameters:
  ///   - queue: Where the jobs are.
  ///   - limit: How many to deal with at the same time.
  ///   - retries: How often a job is given out again that has failed and may go well another time.
  ///   - work: Deals with one.
  ///   - report: Gets each result that counts.
  ///   - note: Gets remarks for people.
  init(
    _ queue: any FetchQueue, limit: Int, retries: Int, work: @escaping Work,
    report: @escaping @Sendable (FetchResult) -> Void, note: @escaping @Sendable (String) -> Void
  ) {
    self.queue = queue
    self.limit = limit
    self.retries = retries
    self.work = work
    self.report = report
    self.note = note
    ended = AsyncQueue(capacity: max(limit, Self.largestBatch))
  }

  /// Works until the run has ended.
  ///
  /// - Throws: What the queue throws; `CancellationError`.
  ///
  /// ## Cancellation
  /// Ends what is under way, writes what was finished, and puts the rest back.
  func run() async throws {
    do {
      try await withTaskScope { scope in
        let keeper = scope.createTask(name: "claims") { try await self.keepClaims() }
        let writer = scope.createTask(name: "results") { try await self.writeResults() }
        try await self.takeAll()
        self.ended.shutdown()
        try await writer.value
        keeper.cancel()
      }
    } catch {
      await letGo()
      throw error
    }
  }

  private func takeAll() async throws {
    let room = AsyncSemaphore(limit)
    try await withTaskScope { scope in
      while true {
        try await room.acquire()
        var count = 1
        while room.tryAcquire() { count += 1 }
        let jobs = try await self.queue.take(upTo: count)
        if jobs.isEmpty { return }
        if jobs.count < count { room.release(count - jobs.count) }
        self.held.withLock { held in for job in jobs { held[job.id] = (job, nil) } }
        for job in jobs {
          scope.createTask {
            defer { room.release() }
            try await self.deal(with: job)
          }
        }
      }
    }
  }

  private func deal(with job: FetchJob) async throws {
    let (result, pause) = try await work(job)
    if let pause, job.attempt <= retries {
      try await queue.giveAgain(job, after: pause, because: result.problem)
      held.withLock { _ = $0.removeValue(forKey: job.id) }
      return
    }
    held.withLock { $0[job.id]?.result = result }
    try await ended.put(EndedJob(job: job, result: result))
  }

  // MARK: Results

  private func writeResults() async throws {
    for await first in ended {
      var batch = [first]
      while batch.count < Self.largestBatch, let next = try? ended.tryGet() { batch.append(next) }
      try await write(batch)
    }
  }

  private func write(_ batch: [EndedJob]) async throws {
    let counted = try await queue.finish(batch)
    held.withLock { held in for one in batch { held[one.job.id] = nil } }
    for one in batch {
      if counted.contains(one.job.id) {
        report(one.result)
      } else {
        note("asyncio: another process was given \(one.job.url), as this one took too long")
      }
    }
  }

  // MARK: Claims

  private func keepClaims() async throws {
    while true {
      try await sleep(for: queue.claim / 3)
      try await queue.keep(held.withLock { $0.values.map(\.job) })
    }
  }

  /// Leaves nothing to this process, which ends before the run does.
  private func letGo() async {
    let rest = held.withLock { held in
      defer { held = [:] }
      return Array(held.values)
    }
    guard !rest.isEmpty else { return }
    do {
      try await withShield {
        try await withTimeout(Self.grace) {
          let ended = rest.compactMap { one in one.result.map { EndedJob(job: one.job, result: $0) } }
          if !ended.isEmpty { try await write(ended) }
          try await queue.putBack(rest.filter { $0.result == nil }.map(\.job))
        }
      }
    } catch {
      note(
        "asyncio: \(rest.count) URLs come back to the queue in \(queue.claim.text), as it cannot be reached: \(error)"
      )
    }
  }
}
