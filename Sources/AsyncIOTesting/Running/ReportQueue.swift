// Reports from a thread to the one task that waits for them.
//
// The task's cancellation does not end the wait: a test that is cancelled still has to end.

import Synchronization

/// A queue from any threads to one task.
final class ReportQueue<Report: Sendable>: Sendable {
  @safe private enum State {
    case reports([Report])
    case waiting(UnsafeContinuation<Report, Never>)
  }

  private let state = Mutex(State.reports([]))

  /// Adds a report; not on a loop's thread, as the task would be resumed there.
  func post(_ report: Report) {
    let waiting = unsafe state.withLock { state -> UnsafeContinuation<Report, Never>? in
      switch state {
      case .reports(let reports):
        state = .reports(reports + [report])
        return nil
      case .waiting(let continuation):
        state = .reports([])
        return unsafe continuation
      }
    }
    unsafe waiting?.resume(returning: report)
  }

  /// Waits for the next report; one task at a time.
  func next() async -> Report {
    unsafe await withUnsafeContinuation { (continuation: UnsafeContinuation<Report, Never>) in
      let report = state.withLock { state -> Report? in
        guard case .reports(var reports) = state, !reports.isEmpty else {
          unsafe state = .waiting(continuation)
          return nil
        }
        let first = reports.removeFirst()
        state = .reports(reports)
        return first
      }
      if let report { unsafe continuation.resume(returning: report) }
    }
  }
}
