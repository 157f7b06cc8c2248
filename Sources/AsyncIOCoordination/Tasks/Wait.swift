// `wait`: until some of several tasks have ended.
//
// It leaves one waiter with each task that it watches: with all that have not ended, or, if all must end, with one of them
// after another, as the others can be looked at later. Whoever wakes it, a task or the timer, it looks at the tasks again, so
// that it does not matter who that was, nor how many have ended meanwhile.
//
// No wake-up is lost: a task takes the waiter or says that it has ended, under its own lock; and whoever finishes a waiter
// before it is waited on is not missed. Nothing is left behind: whatever has ended the wait, the waiter is taken from the
// tasks, and the timer is removed. Cancelled before it waits: at once. While: the waiter is finished as cancelled. At the same
// instant as it is woken, but later: a condition that is met by then is not lost; if it is not met, the next wait ends at
// once. Woken from another thread: the same, as the waiter does not care. The tasks are never cancelled from here, not even
// when the loop shuts down: that is their owner's affair.

import AsyncIORuntime

/// What `wait` waits for.
public enum WaitCondition: Sendable {
  /// All tasks have ended (asyncio's `ALL_COMPLETED`).
  case allCompleted
  /// A task has ended, in whatever way (asyncio's `FIRST_COMPLETED`).
  case firstCompleted
  /// A task has ended with an error other than a `CancellationError`, or all have ended (asyncio's `FIRST_EXCEPTION`).
  case firstError
}

/// Waits until some of `tasks` have ended, and leaves them as they are (asyncio's `wait`).
///
/// ```swift
/// let (done, pending) = try await wait(for: downloads, until: .firstCompleted, timeout: .seconds(10))
/// for task in done { print(try await task.value) }
/// for task in pending { task.cancel() }
/// ```
///
/// It cancels no task, and throws none of their errors: ask them for their values. If the condition is met already it returns
/// at once.
///
/// - Parameters:
///   - tasks: At least one; one that is given twice is waited for once.
///   - condition: When to return.
///   - timeout: When to return in any case, on the loop's clock; never if nil. Zero or less gives way once.
/// - Returns: The tasks that have ended, and those that have not, each in the order of the argument.
/// - Throws: `CancellationError` when the caller is cancelled; never because of the timeout.
/// - Complexity: O(n); until the first error, O(n) each time that it is woken by a task that ends well.
///
/// ## Cancellation
/// Ends the wait, and nothing else: the tasks go on, and the call may be repeated.
public func wait<Success: Sendable>(
  for tasks: some Sequence<TaskHandle<Success>>, until condition: WaitCondition = .allCompleted,
  timeout: Duration? = nil
) async throws -> (done: [TaskHandle<Success>], pending: [TaskHandle<Success>]) {
  var seen: Set<ObjectIdentifier> = []
  let tasks = tasks.filter { seen.insert(ObjectIdentifier($0.core)).inserted }
  precondition(!tasks.isEmpty, "wait needs at least one task, and was given none")
  try Task.checkCancellation()
  let deadline = timeout.map { LoopClock.now.advanced(by: $0) }
  if let timeout, timeout <= .zero { try await checkpoint() }
  switch condition {
  case .allCompleted:
    for task in tasks where !task.isDone {
      guard try await waitForAny(of: [task], until: deadline) else { break }
    }
  case .firstCompleted:
    _ = try await waitForAny(of: tasks, until: deadline)
  case .firstError:
    var pending = tasks
    while !tasks.contains(where: \.core.hasFailed), !pending.isEmpty {
      guard try await waitForAny(of: pending, until: deadline) else { break }
      pending.removeAll(where: \.isDone)
    }
  }
  // One look at each: a task that ends meanwhile is in one list, and in one only.
  let areDone = tasks.map(\.isDone)
  return (
    done: zip(tasks, areDone).filter(\.1).map(\.0), pending: zip(tasks, areDone).filter { !$0.1 }.map(\.0)
  )
}

/// Waits until one of the tasks has ended, not at all if one has; false if `deadline` comes first.
private func waitForAny<Success: Sendable>(
  of tasks: [TaskHandle<Success>], until deadline: LoopClock.Instant?
) async throws -> Bool {
  let waiter = Waiter()
  let watched = tasks.prefix { $0.core.add(waiter) }
  defer { for task in watched { task.core.remove(waiter) } }
  guard watched.count == tasks.count else { return true }
  if let deadline, deadline <= .now { return false }
  let alarm = deadline.map { Alarm(at: $0.nanoseconds, on: .orDefault, for: waiter) }
  let outcome = await waiter.wait(for: "tasks to end")
  alarm?.cancel()
  if outcome == .cancelled { throw CancellationError() }
  return tasks.contains(where: \.isDone)
}
