// Giving up a request whose handler runs: because it runs for too long, or because its client has gone.
//
// Nobody reads or writes the stream meanwhile but the handler, through the request's body. The deadline's timer comes by after a
// second (an ordinary handler has ended by then, and costs no timer) and then ever less often, and looks. If it gives up, it moves the activity on, so that the
// handler's response will not be sent, and cancels the connection's task. Of a handler that has run for too long the client is
// told at once, by a task of its own; it does not wait for a handler that ignores its cancellation.
//
// The connection's task waits for that task before it closes the stream. Why it finds it: the activity moves, and the task is
// made, under one lock, which the connection's task takes when it ends.

import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import HTTPTypes
import Synchronization

extension HTTPServerConnection {
  /// When it is first looked whether a client has gone while its request is handled.
  static let checkInterval = Duration.seconds(1)
  /// How long a client may take to accept a refusal.
  static let refusalTime = Duration.seconds(2)

  /// What becomes of the task of a connection.
  struct Abandonment {
    /// The task that serves, while it does.
    var serving: CancellableTask?
    /// Answers in the place of the handler.
    var refusal: Task<Void, Never>?
  }

  /// Waits until the client was told, if it is being told; the task can no longer be cancelled from here.
  func endAbandonment() async {
    let refusal = abandonment.withLock { abandonment in
      abandonment.serving = nil
      return abandonment.refusal
    }
    await refusal?.value
  }

  // MARK: Time

  /// Puts the deadline off as long as the handler may run, and somebody waits for it.
  func postponedDeadline() -> LoopClock.Instant? {
    guard activity.load(ordering: .sequentiallyConsistent) == .handling else { return nil }
    let now = LoopClock.now
    // The sooner of the ends of the handler's time, and of the time for the piece of the body that it reads.
    let end = min(handlingEnd, LoopClock.Instant(nanoseconds: readingEnd.load(ordering: .relaxed)))
    if now >= end || isDeserted { return nil }
    let start = LoopClock.Instant(nanoseconds: handlingStart.load(ordering: .relaxed))
    return min(now.advanced(by: max(Self.checkInterval, start.duration(to: now) / 8)), end)
  }

  /// When the handler has run for too long.
  private var handlingEnd: LoopClock.Instant {
    let start = LoopClock.Instant(nanoseconds: handlingStart.load(ordering: .relaxed))
    return configuration.requestTimeout.map(start.advanced) ?? LoopClock.Instant(nanoseconds: .max)
  }

  /// Whether the client has gone while the handler runs.
  private var isDeserted: Bool {
    switch stream.peer {
    case .there: false
    // It may be waiting for the answer; but most who end their side have gone.
    case .ended: !configuration.allowsHalfClose
    case .gone: true
    }
  }

  func deadlineExpired() {
    // Who reads the body finds the connection closed.
    if LoopClock.now.nanoseconds >= readingEnd.load(ordering: .relaxed) { return stream.cut() }
    let task = abandonment.withLock { abandonment -> CancellableTask? in
      let (wasHandling, _) = activity.compareExchange(
        expected: .handling, desired: .abandoned, ordering: .sequentiallyConsistent)
      guard wasHandling else { return nil }
      if LoopClock.now >= handlingEnd {
        // Made under the lock: the head of this file says why.
        abandonment.refusal = EventLoop.orDefault.makeTask(name: "refusal") { [self] in
          _ = try? await withTimeoutOrNil(Self.refusalTime) { await self.refuse(.serviceUnavailable) }
          stream.cut()
        }
      }
      return abandonment.serving
    }
    guard let task else { return stream.cut() }
    task.cancel()
  }
}
