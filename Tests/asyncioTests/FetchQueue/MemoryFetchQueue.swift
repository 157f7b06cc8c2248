import AsyncIOCoordination
import AsyncIORuntime
import Synchronization

@testable import asyncio

/// A run that is kept in this process, with the rules of the one in PostgreSQL.
final class MemoryFetchQueue: FetchQueue {
  struct Failure: Error, Equatable {}

  private struct Entry {
    var url: String
    var attempts = 0
    var visibleAt: LoopClock.Instant
    var result: FetchResult?
  }

  let name = "memory"
  let claim: Duration
  private let entries = Mutex<[Entry]>([])
  /// What `finish` throws, as if the server had gone.
  let isGone = Atomic(false)
  /// Whether nothing that is said of jobs arrives for the time being.
  let isAway = Atomic(false)
  /// How many jobs were taken at a time.
  let portions = Mutex<[Int]>([])
  /// How many results were written at a time.
  let batches = Mutex<[Int]>([])

  init(_ urls: [String], claim: Duration = .seconds(15)) {
    self.claim = claim
    entries.withLock { $0 = urls.map { Entry(url: $0, visibleAt: LoopClock.now) } }
  }

  /// What became of each URL.
  var results: [FetchResult?] { entries.withLock { $0.map(\.result) } }

  /// How often each was given out.
  var attempts: [Int] { entries.withLock { $0.map(\.attempts) } }

  func put(_ urls: [String]) async throws -> Int {
    entries.withLock { $0 += urls.map { Entry(url: $0, visibleAt: LoopClock.now) } }
    return urls.count
  }

  func take(upTo count: Int) async throws -> [FetchJob] {
    while true {
      let jobs = entries.withLock { entries in
        let free = entries.indices.filter { entries[$0].result == nil && entries[$0].visibleAt <= .now }
        return free.prefix(count).map { index in
          entries[index].attempts += 1
          entries[index].visibleAt = LoopClock.now.advanced(by: claim)
          return FetchJob(
            id: index, attempt: entries[index].attempts, number: index, url: entries[index].url,
            file: "\(index)")
        }
      }
      if !jobs.isEmpty {
        portions.withLock { $0.append(jobs.count) }
        return jobs
      }
      if entries.withLock({ $0.allSatisfy { $0.result != nil } }) { return [] }
      try await sleep(for: .milliseconds(10))
    }
  }

  private func change(_ job: FetchJob, _ body: (inout Entry) -> Void) -> Bool {
    entries.withLock { entries in
      guard entries[job.id].result == nil, entries[job.id].attempts == job.attempt else { return false }
      body(&entries[job.id])
      return true
    }
  }

  func keep(_ jobs: [FetchJob]) async throws {
    if isAway.load(ordering: .relaxed) { return }
    for job in jobs { _ = change(job) { $0.visibleAt = LoopClock.now.advanced(by: claim) } }
  }

  func finish(_ ended: [EndedJob]) async throws -> Set<Int> {
    if isGone.load(ordering: .relaxed) { throw Failure() }
    while isAway.load(ordering: .relaxed) { try await sleep(for: .milliseconds(10)) }
    batches.withLock { $0.append(ended.count) }
    return Set(ended.filter { one in change(one.job) { $0.result = one.result } }.map(\.job.id))
  }

  func giveAgain(_ job: FetchJob, after pause: Duration, because problem: String) async throws {
    _ = change(job) { $0.visibleAt = LoopClock.now.advanced(by: pause) }
  }

  func putBack(_ jobs: [FetchJob]) async throws {
    for job in jobs {
      _ = change(job) { entry in
        entry.visibleAt = .now
        entry.attempts -= 1
      }
    }
  }

  func progress() async throws -> (ended: Int, total: Int) {
    let results = results
    return (results.count { $0 != nil }, results.count)
  }

  func summary() async throws -> FetchRunSummary { FetchRunSummary(name: name) }

  func close() async {}
}
