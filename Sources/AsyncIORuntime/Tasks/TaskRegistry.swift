// All tasks that were made through our API and have not ended: strong references, unlike asyncio's, so that no task
// that is waited for by nobody can vanish.
//
// A linked list under one lock: adding and removing take a few instructions each, and whoever wants to see all of them
// copies the list and looks at the copy outside the lock.

import Synchronization

/// The live tasks of the process.
package final class TaskRegistry: Sendable {
  private struct Records: @unchecked Sendable {
    var last: TaskRecord?
    var count = 0
  }

  package static let shared = TaskRegistry()

  private let records = Mutex(Records())

  /// Adds a task that is about to start.
  ///
  /// - Complexity: O(1).
  package func insert(_ record: TaskRecord) {
    records.withLock { records in
      record.previous = records.last
      unsafe record.previous?.next = record
      records.last = record
      records.count += 1
    }
  }

  /// Removes a task that has ended.
  ///
  /// - Complexity: O(1).
  package func remove(_ record: TaskRecord) {
    records.withLock { records in
      // `next` is alive: it is in the list, which holds it through `last` or its own follower's `previous`.
      if let next = unsafe record.next {
        next.previous = record.previous
      } else {
        records.last = record.previous
      }
      unsafe record.previous?.next = record.next
      record.previous = nil
      unsafe record.next = nil
      records.count -= 1
    }
  }

  /// The live tasks, oldest first.
  ///
  /// - Complexity: O(n).
  package var all: [TaskRecord] {
    records.withLock { records in
      var found: [TaskRecord] = []
      found.reserveCapacity(records.count)
      var record = records.last
      while let current = record {
        found.append(current)
        record = current.previous
      }
      return found.reversed()
    }
  }
}
