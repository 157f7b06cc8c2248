internal import CAsyncIO

/// A task that its own code has others cancel.
///
/// Whoever serves a connection has not made its task, and may have to give it up. As the task may have a place that those know who have
/// made it (WaitingPlace.swift), the place is told, too.
package struct CancellableTask: Sendable {
  private let task: Task<Void, Never>
  private let place: WaitingPlace?

  /// The current task, which must not have suspended since it has bound its place, so that this is found; nil outside of any.
  package static var current: CancellableTask? {
    guard let current = unsafe casyncio_current_task() else { return nil }
    // Any task is one pointer; the copy counts a reference.
    let task = unsafe unsafeBitCast(current, to: Task<Void, Never>.self)
    return CancellableTask(task: task, place: unsafe WaitingPlace.of(current)?.takeUnretainedValue())
  }

  /// Cancels the task; without effect when it has ended.
  package func cancel() {
    task.cancel()
    place?.tell()
  }
}
