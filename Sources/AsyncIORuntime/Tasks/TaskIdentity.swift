// Who runs, in a few instructions: primitives note it at each acquisition, where reading a task-local value would
// cost more than the acquisition itself.

internal import CAsyncIO

/// A task of the language, as long as it lives; the next one may get its number.
package struct TaskIdentity: Hashable, Sendable {
  package let word: UInt

  /// The task that `word` stands for; nil for 0.
  package init?(word: UInt) {
    guard word != 0 else { return nil }
    self.word = word
  }

  /// The current task; nil outside of any.
  package static var current: TaskIdentity? {
    TaskIdentity(word: unsafe UInt(bitPattern: casyncio_current_task()))
  }

  /// The current task, and whether it was cancelled.
  package static var currentAndCancellation: (task: TaskIdentity?, isCancelled: Bool) {
    guard let current = unsafe casyncio_current_task() else { return (nil, false) }
    // The current task lives.
    return unsafe (TaskIdentity(word: UInt(bitPattern: current)), casyncio_task_is_cancelled(current))
  }

  /// Whether the task was cancelled; it must not have ended.
  @unsafe package var isCancelled: Bool {
    unsafe casyncio_task_is_cancelled(UnsafeMutableRawPointer(bitPattern: word))
  }

  /// Throws if the current task was cancelled, at a third of the cost of `Task.checkCancellation`.
  @inline(__always)
  static func checkCancellation() throws {
    if currentAndCancellation.isCancelled { throw cancellationError() }
  }

  /// What is known of the task, if it was made through our API and has not ended.
  ///
  /// - Complexity: O(n) in the number of live tasks.
  package var record: TaskRecord? { TaskRegistry.shared.all.first { $0.identity == self } }
}

/// A `CancellationError`, for async functions that are called often.
///
/// Its size is known at run time only, as the standard library may change it. An async function that makes one, or that has it as
/// its type of errors, allocates room for it whenever it is called, thrown or not.
@inline(never) @usableFromInline
package func cancellationError() -> any Error { CancellationError() }
