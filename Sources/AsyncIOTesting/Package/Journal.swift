// What this package's own tests share.

import Synchronization

/// What has happened, in order, noted by any tasks and threads.
package final class Journal<Entry: Sendable>: Sendable {
  private let list = Mutex<[Entry]>([])

  /// Makes an empty journal.
  package init() {}

  /// Adds an entry.
  package func note(_ entry: Entry) { list.withLock { $0.append(entry) } }

  /// What was noted so far.
  package var entries: [Entry] { list.withLock { $0 } }

  /// How much was noted so far.
  package var count: Int { list.withLock { $0.count } }
}
