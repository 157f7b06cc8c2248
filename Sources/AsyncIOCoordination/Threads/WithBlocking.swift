// Blocking calls from async code.
//
// The result travels in a box under a mutex: the thread stores it, then finishes the waiter. A caller that was cancelled
// waits on, as the call may use what the caller has borrowed.

import AsyncIORuntime
import Synchronization

/// Runs `body` on a thread of the blocking pool, and suspends the current task until it has returned (asyncio's
/// `to_thread`).
///
/// For calls that block: file systems, name resolution, C libraries. The pool grows to 64 threads; calls beyond that
/// wait their turn.
///
/// ```swift
/// let digest = try await withBlocking { slowHash(file) }
/// ```
///
/// - Parameter body: Runs on another thread.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws; `IOError` when the system has no thread left.
///
/// ## Cancellation
/// Before the call it throws `CancellationError`; a call that has begun is awaited, since it cannot be interrupted.
public func withBlocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws
  -> Result
{
  try Task.checkCancellation()
  let waiter = Waiter()
  let box = ResultBox<Result>()
  let loop = EventLoop.current
  loop?.beginOutsideWork()
  BlockingPool.shared.submit { refusal in
    let result: Swift.Result<Result, any Error> =
      if let refusal { .failure(refusal) } else { .init { try body() } }
    box.result.withLock { $0 = result }
    waiter.finish(.woken)
    loop?.endOutsideWork()
  }
  await waiter.waitUncancelled(for: "a blocking call")
  guard let result = box.result.withLock({ $0 }) else {
    preconditionFailure("a blocking call was reported as ended and left no result")
  }
  return try result.get()
}

private final class ResultBox<Value: Sendable>: Sendable {
  let result = Mutex<Result<Value, any Error>?>(nil)
}
