// Sleeping and giving way.
//
// A sleeper is a `Waiter` that a timer finishes. When its task is cancelled the waiter is finished by the
// cancellation, and the task itself removes its timer as soon as it runs: from then on nothing of it is left. (The
// language's own `Task.sleep` runs on the loop too, but leaves its timer, and a task, until the time is over.)
//
// Giving way takes one pass through the ready queue: the task parks its continuation in the core, and the loop
// resumes it, behind everything that is ready, when the job that gave way has returned.

/// Suspends the current task for `duration`.
///
/// A duration of zero or less gives way once, as `asyncio.sleep(0)` does. Time is that of the loop, so that it is
/// virtual in tests.
///
/// ```swift
/// try await sleep(for: .seconds(1))
/// ```
///
/// - Parameter duration: How long to sleep, at least.
/// - Throws: `CancellationError` when the task is cancelled before or meanwhile.
/// - Complexity: O(log n) in the number of the loop's timers.
///
/// ## Cancellation
/// Wakes the task at once; its timer is removed and its memory given back.
public func sleep(for duration: Duration) async throws {
  guard duration > .zero else { return try await checkpoint() }
  let loop = EventLoop.orDefault
  try await sleep(untilNanosecond: loop.deadline(after: duration), on: loop)
}

/// Suspends the current task until `instant` on the loop's clock.
///
/// An instant that has passed gives way once.
///
/// - Parameter instant: When to wake, at the earliest.
/// - Throws: `CancellationError` when the task is cancelled before or meanwhile.
///
/// ## Cancellation
/// Wakes the task at once; its timer is removed and its memory given back.
public func sleep(until instant: LoopClock.Instant) async throws {
  let loop = EventLoop.orDefault
  guard instant.nanoseconds > loop.now else { return try await checkpoint() }
  try await sleep(untilNanosecond: instant.nanoseconds, on: loop)
}

@inline(__always)
private func sleep(untilNanosecond deadline: Int64, on loop: EventLoop) async throws {
  try TaskIdentity.checkCancellation()
  let waiter = Waiter()
  let alarm = Alarm(at: deadline, on: loop, for: waiter)
  guard await waiter.wait(for: "a time to come") == .woken else {
    alarm.cancel()
    throw cancellationError()
  }
}

/// Lets everything that is ready run first.
///
/// Long computations call this now and then, so that others are not kept waiting.
///
/// - Throws: `CancellationError` when the task is cancelled.
/// - Complexity: O(1).
///
/// ## Cancellation
/// Is reported before giving way and after it.
public func checkpoint() async throws {
  try TaskIdentity.checkCancellation()
  if let core = unsafe LoopCore.forParking(#isolation) {
    unsafe await LoopCore.parkBehindReady(core)
  } else {
    await giveWayByContinuation()
  }
  try TaskIdentity.checkCancellation()
}

/// One pass through the ready queue, whatever becomes of the task.
package func giveWay() async {
  if let core = unsafe LoopCore.forParking(#isolation) { return unsafe await LoopCore.parkBehindReady(core) }
  await giveWayByContinuation()
}

// A function of its own, so that its frame is not that of each task that parks.
@inline(never)
private func giveWayByContinuation() async {
  guard unsafe LoopCore.current != nil else { return await Task.yield() }
  unsafe await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
    unsafe LoopCore.yield(continuation)
  }
}
