import AsyncIO
import AsyncIOHTTP
import Synchronization

extension Fetcher {
  /// Fetches what a run has, with other processes, until all of it has ended.
  func fetchShared(_ queue: any FetchQueue) async throws {
    try await withHTTPSession(settings.session) { [self] session in
      if !urls.isEmpty {
        let count = try await queue.put(urls)
        state.withLock { $0.report.earlier = urls.count - count }
      }
      let watcher = createTask(name: "progress of the run") { [self] in try await watch(queue) }
      defer { watcher.cancel() }
      try await QueueWorker(
        queue, limit: settings.limit,
        work: { [self] job in
          let (result, pause) = try await fetch(
            job.url, file: settings.folder.map { "\($0)/\(job.file)" }, session, attempt: job.attempt)
          if case .notSaved = result.outcome { display.note("asyncio: \(job.url): \(result.problem)") }
          return (result, pause)
        },
        report: { [self] in report($0) },
        note: { [self] in display.note($0) }
      ).run()
    }
  }

  /// Keeps the progress bar up to date with what others have done.
  private func watch(_ queue: any FetchQueue) async throws {
    guard Terminal(descriptor: 2).isInteractive else { return }
    while true {
      if let (ended, total) = try? await queue.progress() {
        state.withLock { state in (state.bar.done, state.bar.total) = (ended, total) }
      }
      try await sleep(for: .seconds(1))
    }
  }
}
