// What a task runs under: a chain from the innermost scope over the scopes around it to the task itself, and on to the scope
// that owns the task. It says why a task is cancelled, how much time it has, and who it is.
//
// The chain is a task-local value, which a task binds when its work begins and unbinds when it is done
// (TaskContext+Binding.swift).

import Synchronization

/// A link of the chain: a task of ours or a cancel scope; the place where the task that has bound it waits.
@usableFromInline
package class TaskContext: WaitingPlace, @unchecked Sendable {
  // Sendable: what changes is behind the mutex.

  /// The innermost link of the current task.
  @TaskLocal package static var current: TaskContext?

  /// The link around this one; nil for a task that the runtime owns.
  package var parent: TaskContext? { unsafe surroundings }

  // Changed only by who holds the sole reference, before anybody else can see the link.
  @exclusivity(unchecked) private var surroundings: TaskContext?
  private let ownReason = Mutex<CancellationReason?>(nil)

  init(parent: TaskContext?) {
    unsafe surroundings = parent
    super.init()
  }

  /// Puts a link that nobody else has into other surroundings.
  final func move(into parent: TaskContext?) { unsafe surroundings = parent }

  /// When the work under this link must end, in nanoseconds of its loop's clock, if it says so itself.
  package var ownDeadline: Int64? { nil }

  /// Whether cancellations from outside stop here.
  package var isShield: Bool { false }

  /// The task that this link belongs to, if it was made through our API.
  package var record: TaskRecord? { parent?.record }

  /// Why it was cancelled; the first reason stays.
  package final var reason: CancellationReason? {
    get { ownReason.withLock { $0 } }
    set { ownReason.withLock { if $0 == nil { $0 = newValue } } }
  }

  /// The reason of the innermost link that has one, up to a shield; at the main task's end of the chain, the signal.
  ///
  /// The main task has no link of its own, as every task that is made by it would carry it along.
  static var nearestReason: CancellationReason? {
    var link = current
    while let here = link {
      if let reason = here.reason { return reason }
      if here.isShield || here.parent == nil && here is TaskRecord { return nil }
      link = here.parent
    }
    let signal = interruption.load(ordering: .relaxed)
    return signal == 0 ? nil : .signal(signal)
  }

  /// The signal that has cancelled the main task, while that runs; else 0.
  static let interruption = Atomic<CInt>(0)

  /// The earliest deadline up to a shield, if there is any.
  ///
  /// - Complexity: O(n) in the number of scopes around.
  package final var effectiveDeadline: Int64? {
    var earliest: Int64?
    var link: TaskContext? = self
    while let here = link {
      if let deadline = here.ownDeadline { earliest = min(deadline, earliest ?? deadline) }
      link = here.isShield ? nil : here.parent
    }
    return earliest
  }
}
