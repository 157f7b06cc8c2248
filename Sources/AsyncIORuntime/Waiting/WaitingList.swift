// Who waits for what on one loop, so that a deadlock can be told in words. Kept only where time is virtual, as it
// costs an insertion at each wait; touched on the loop's thread only.

/// The waiters of one loop that have not been woken yet.
final class WaitingList {
  private struct Entry {
    let waiter: Waiter
    let subject: StaticString
    let task: TaskRecord?
    let serial: Int
  }

  private var entries: [ObjectIdentifier: Entry] = [:]
  private var serial = 0

  /// Notes that the current task waits, if its loop keeps such a list.
  @inline(__always)
  static func insert(_ waiter: Waiter, _ subject: StaticString) {
    guard let core = unsafe LoopCore.current, let list = unsafe core.pointee.waiting else { return }
    list.add(waiter, subject)
  }

  /// Ends what `insert` noted.
  @inline(__always)
  static func remove(_ waiter: Waiter) {
    guard let core = unsafe LoopCore.current, let list = unsafe core.pointee.waiting else { return }
    list.entries[ObjectIdentifier(waiter)] = nil
  }

  private func add(_ waiter: Waiter, _ subject: StaticString) {
    serial += 1
    entries[ObjectIdentifier(waiter)] = Entry(
      waiter: waiter, subject: subject, task: TaskRecord.current, serial: serial)
  }

  /// A line for each wait that was not ended, oldest first.
  var lines: [String] {
    entries.values.sorted { $0.serial < $1.serial }.filter { $0.waiter.outcome == nil }.map { entry in
      "\(entry.task?.description ?? "a task without a name") waits for \(entry.subject)"
    }
  }
}
