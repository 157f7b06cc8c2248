// One of the processes that work on a run together.
//
// Who does what: one task takes jobs, as many as there is room for; each job is a task; one task writes what became of them, as many
// at a time as have ended meanwhile; one says again and again that the jobs are being dealt with. `held` has the jobs that
// were taken and not ended: a job is added before its task begins, and removed by the writer, or when it was given back.
//
// Why a job that is given to this process again does no harm, as its claim was over while the queue could not be reached: the new
// attempt takes the place of the old one, which is cancelled, and neither kept nor written any more.
//
// How it ends: the queue says that the run has ended only when no process holds a job, and so when this one's results are written.
// Cancelled, or with an error: the results that are there are written, and the other jobs put back, so that others need not
// wait for the claims to be over. Killed: nothing is done, and the jobs come back when their claims are over.

import AsyncIO
import Synchronization

/// Takes jobs from a queue until the run has ended, a number of them at the same time.
final class QueueWorker: Sendable {
  /// What to do with a job: what became of it, and how long to wait before another attempt, if there is to be one.
  typealias Work = @Sendable (FetchJob) async throws -> (result: FetchResult, pause: Duration?)

  private let queue: any FetchQueue
  private let limit: Int
  private let work: Work
  private let report: @Sendable (FetchResult) -> Void
  private let note: @Sendable (String) -> Void
  /// The last attempt of each job that was taken.
  private let held = Mutex<[Int: Held]>([:])
  private let ended: AsyncQueue<EndedJob>
  /// How many results are written at a time.
  private static let largestBatch = 500
  /// How long to try to give jobs back at the end.
  private static let grace = Duration.seconds(5)

  private struct Held {
    let job: FetchJob
    let task: TaskHandle<Void>
    /// What became of it; nil while that is open.
    var result: FetchResult?
  }

  /// Makes a worker.
  ///
  /// - Parameters:
  ///   - queue: Where the jobs are.
  ///   - limit: How many to deal with at the same time.
  ///   - work: Deals with one.
  ///   - report: Gets each result that counts.
  ///   - note: Gets remarks for people.
  init(
    _ queue: any FetchQueue, limit: Int, work: @escaping Work,
    report: @escaping @Sendable (FetchResult) -> Void, note: @escaping @Sendable (String) -> Void
  ) {
    self.queue = queue
    self.limit = limit
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
        for job in jobs {
          let task = scope.createTask {
            defer { room.release() }
            try await self.deal(with: job)
          }
          let former = self.held.withLock { $0.updateValue(Held(job: job, task: task), forKey: job.id) }
          former?.task.cancel(reason: "this process was given the job again")
        }
      }
    }
  }

  private func deal(with job: FetchJob) async throws {
    do {
      let (result, pause) = try await work(job)
      guard isHeld(job) else { return }
      if let pause {
        try await queue.giveAgain(job, after: pause, because: result.problem)
        _ = remove(job)
      } else {
        held.withLock { $0[job.id]?.result = result }
        try await ended.put(EndedJob(job: job, result: result))
      }
    } catch is CancellationError where !isHeld(job) {
      // The new attempt goes on.
    }
  }

  /// Whether an attempt is the last one of its job.
  private func isHeld(_ job: FetchJob) -> Bool { held.withLock { $0[job.id]?.job == job } }

  /// Forgets an attempt, unless there is a newer one.
  ///
  /// - Returns: Whether it was the last one.
  private func remove(_ job: FetchJob) -> Bool {
    held.withLock { held in
      guard held[job.id]?.job == job else { return false }
      held[job.id] = nil
      return true
    }
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
    let batch = batch.filter { isHeld($0.job) }
    if batch.isEmpty { return }
    let counted = try await queue.finish(batch)
    for one in batch {
      let isLast = remove(one.job)
      if counted.contains(one.job.id) {
        report(one.result)
      } else if isLast {
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
    let rest = held.withLock { Array($0.values) }
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
