import Synchronization

/// A link whose surroundings change: those of whoever the task works for at the moment.
package final class BorrowedContext: TaskContext, @unchecked Sendable {
  // Sendable: what changes is behind the mutex.
  private let lender = Mutex<TaskContext?>(nil)

  /// Makes a link around which there is nothing yet.
  package init() { super.init(parent: nil) }

  package override var parent: TaskContext? { lender.withLock { $0 } }

  /// Replaces the surroundings.
  package func borrow(_ context: TaskContext?) {
    let former = lender.withLock { lender in
      defer { lender = context }
      return lender
    }
    // The last reference to a chain must not go away under the lock.
    _ = former
  }
}
