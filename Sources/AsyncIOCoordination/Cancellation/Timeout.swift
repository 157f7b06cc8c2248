// Timeouts.
//
// The body runs as a task of its own, because a task of the language cannot take a cancellation back: what expires is the
// body's task, and the caller's goes on. It starts at once, on the caller's thread and actor; if it ends without having
// suspended, no timer was ever set.
//
// Who decides how it ends: the state goes from `running` to `expired` by the timer or to `ended` by the body, in one exchange. If
// the timer was first the body's task is cancelled, and awaited: the buffers and the isolated state that it borrows from
// the caller are in use until it has ended. What it returns then is returned, late or not; what it throws is thrown,
// except that the CancellationError that the expiry caused becomes a TimeoutError. A cancellation of the caller's task
// goes to the body too and wins over the expiry: it is never turned into a timeout.

import AsyncIORuntime
import Synchronization

/// Runs `body`, and cancels it when it takes longer than `duration` (asyncio's `wait_for` and `timeout`).
///
/// ```swift
/// do { try await withTimeout(.seconds(5)) { try await fetch(url) } }
/// catch is TimeoutError { print("too slow") }
/// ```
///
/// The body runs on the caller's actor and may use what the caller may use. It is always awaited: when the time is over it is
/// cancelled, and this function returns when it has ended. A value that it returns nevertheless is returned.
/// A duration of zero or less does not start the body at all.
///
/// - Parameters:
///   - duration: How long the body may take, on the loop's clock.
///   - isolation: The caller's actor; not to be given.
///   - body: What to do.
/// - Returns: What `body` returns.
/// - Throws: `TimeoutError` when the body ended by the cancellation that the expiry caused; otherwise what `body` throws.
/// - Complexity: One task; one timer if the body suspends.
///
/// ## Cancellation
/// Cancels the body and waits for its end; the error is then the body's, a `CancellationError` as a rule, and never a
/// `TimeoutError`.
public func withTimeout<Result>(
  _ duration: Duration,
  isolation: isolated (any Actor)? = #isolation,
  _ body: () async throws -> Result
) async throws -> Result {
  guard duration > .zero else {
    try Task.checkCancellation()
    throw TimeoutError(after: duration)
  }
  return try await withoutActuallyEscaping(body) { body in
    _ = isolation
    return try await TimeoutScope(duration).run(body, isolation: isolation)
  }
}

/// One use of `withTimeout`.
private final class TimeoutScope: Sendable {
  private enum State: UInt8, AtomicRepresentable {
    case running, expired, ended
  }

  private let duration: Duration
  private let state = Atomic<State>(.running)

  init(_ duration: Duration) { self.duration = duration }

  func run<Result>(
    _ body: @escaping () async throws -> Result, isolation: isolated (any Actor)?
  ) async throws -> Result {
    // The task below runs on the caller's actor and ends before this function returns, so that neither the body nor its
    // result is ever used from two places at once.
    let isCancelled = Task.isCancelled
    let task = unsafe EventLoop.makeChild { [body = unsafe UncheckedSendable(value: body), isolation] in
      // A new task does not know that its maker is cancelled, and the body begins before anybody could tell it.
      if isCancelled { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
      let outcome = unsafe await Self.outcome(of: body.value, isolation: isolation)
      self.transition(to: .ended)
      return unsafe outcome
    }
    let outcome = unsafe try await (isEnded ? task.value : watch(task)).value
    switch outcome {
    case .success(let value): return value
    case .failure(let error as CancellationError):
      if isExpired, !Task.isCancelled { throw TimeoutError(after: duration) }
      throw error
    case .failure(let error): throw error
    }
  }

  /// Waits for a body that has suspended, beside a timer.
  private func watch<Result>(
    _ task: Task<UncheckedSendable<Swift.Result<Result, any Error>>, any Error>
  ) async throws -> UncheckedSendable<Swift.Result<Result, any Error>> {
    let timer = EventLoop.orDefault.callLater(duration) {
      if self.transition(to: .expired) { unsafe task.cancel() }
    }
    defer { timer.cancel() }
    return unsafe try await withTaskCancellationHandler {
      unsafe try await task.value
    } onCancel: {
      unsafe task.cancel()
    }
  }

  private static func outcome<Result>(
    of body: () async throws -> Result, isolation: isolated (any Actor)?
  ) async -> UncheckedSendable<Swift.Result<Result, any Error>> {
    do {
      return unsafe UncheckedSendable(value: .success(try await body()))
    } catch {
      return unsafe UncheckedSendable(value: .failure(error))
    }
  }

  /// Leaves `running`; false if that was done before.
  @discardableResult
  private func transition(to next: State) -> Bool {
    state.compareExchange(expected: .running, desired: next, ordering: .acquiringAndReleasing).exchanged
  }

  private var isEnded: Bool { state.load(ordering: .acquiring) == .ended }
  private var isExpired: Bool { state.load(ordering: .acquiring) == .expired }
}

/// A value that is handed between tasks of which one waits for the other.
@unsafe
private struct UncheckedSendable<Value>: @unchecked Sendable {
  let value: Value
}
