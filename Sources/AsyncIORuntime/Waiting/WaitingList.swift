// Who waits for what on one loop, so that a deadlock can be told in words. Kept only where somebody will ask (tests), as
// it costs an insertion at each wait; touched on the loop's thread only.
//
// A wait that began on the loop's thread may end elsewhere: its entry then stays, and is left out of the answer as its
// waiter has an outcome. Serial numbers are the process's own, so that it never ends another loop's entry.

import Synchronization

/// A task that waits, and what for.
package struct Wait: Sendable {
  /// What is waited for, for people, such as `queue get`.
  package let subject: StaticString
  /// Who waits, if it was made through our API.
  package let task: TaskRecord?
}

/// The waits of one loop that have not ended yet.
final class WaitingList {
  private struct Entry {
    let wait: Wait
    let waiter: Waiter?
  }

  /// Names an entry; 0 where no list is kept.
  typealias Serial = Int

  private static let lastSerial = Atomic<Serial>(0)

  private var entries: [Serial: Entry] = [:]

  /// Notes that the current task waits for `subject`, if its loop keeps a list.
  @inline(__always)
  static func begin(_ subject: StaticString, _ waiter: Waiter? = nil) -> Serial {
    guard let core = unsafe LoopCore.current, let list = unsafe core.pointee.waiting else { return 0 }
    return list.insert(subject, waiter)
  }

  /// Ends what `begin` noted.
  @inline(__always)
  static func end(_ serial: Serial) {
    guard serial != 0 else { return }
    guard let core = unsafe LoopCore.current, let list = unsafe core.pointee.waiting else { return }
    list.entries[serial] = nil
  }

  private func insert(_ subject: StaticString, _ waiter: Waiter?) -> Serial {
    let serial = Self.lastSerial.add(1, ordering: .relaxed).newValue
    entries[serial] = Entry(wait: Wait(subject: subject, task: TaskRecord.currentRecord), waiter: waiter)
    return serial
  }

  /// The waits that have not ended, oldest first.
  var waits: [Wait] {
    entries.sorted { $0.key < $1.key }.map(\.value).filter { $0.waiter?.outcome == nil }.map(\.wait)
  }
}
