// Waiting for descriptors that are not ours: a number that another library owns.
//
// Each number that is waited for on a loop has one `Descriptor` that does not own it, shared by the waits for its two
// directions and gone with the last of them. A number may be closed and used again behind our back. Then either
//   - `notifyClosing` was called first: its waiters throw `IOError.closed`; or
//   - it was not: the kernel has dropped the registration with the file, silently. As soon as the number is
//     registered again, the poller finds the old registration stale, and its waiters throw `IOError.closed`.
// No event goes astray in either case: each registration has a slot of its own (PollSlot.swift).

import Glibc
import Synchronization

extension EventLoop {
  /// Waits until reading from `descriptor` would not block: data, a connection to accept, the end, or an error.
  ///
  /// The descriptor stays its owner's. Who closes it while somebody may wait calls `notifyClosing` first.
  ///
  /// ```swift
  /// try await EventLoop.wait(readable: socket)
  /// ```
  ///
  /// - Throws: `CancellationError`; `IOError` with the code `closed` when it was closed meanwhile, `busy` when
  ///   another task waits for the same, `system` with `EPERM` for a regular file, which is always ready.
  ///
  /// ## Cancellation
  /// Wakes the task at once; nothing is read, and the call may be repeated.
  public static func wait(readable descriptor: CInt) async throws {
    try await wait(descriptor, .read, CShort(POLLIN), "wait(readable:)")
  }

  /// Waits until writing to `descriptor` would not block: there is room, or an error.
  ///
  /// - Throws: As `wait(readable:)`.
  ///
  /// ## Cancellation
  /// Wakes the task at once; nothing is written, and the call may be repeated.
  public static func wait(writable descriptor: CInt) async throws {
    try await wait(descriptor, .write, CShort(POLLOUT), "wait(writable:)")
  }

  /// Wakes whoever waits for `descriptor` with `IOError.closed`; to be called before it is closed.
  public static func notifyClosing(_ descriptor: CInt) {
    for descriptor in BorrowedDescriptors.shared.evict(descriptor) { descriptor.close() }
  }

  private static func wait(
    _ number: CInt, _ direction: PollDirection, _ mask: CShort, _ operation: StaticString
  ) async throws {
    let table = BorrowedDescriptors.shared
    let loop = EventLoop.orDefault
    let descriptor = try table.take(number, on: loop)
    defer { table.giveBack(number, descriptor, on: loop) }
    while true {
      try Task.checkCancellation()
      let seen = descriptor.currentReadiness(direction)
      // An event may be of the past: the system has the last word.
      if try isReady(number, mask, descriptor, operation) { return }
      descriptor.drained(direction, seen)
      try await descriptor.waitUntilReady(direction, operation)
    }
  }

  private static func isReady(
    _ number: CInt, _ mask: CShort, _ descriptor: Descriptor, _ operation: StaticString
  ) throws -> Bool {
    try descriptor.withNumber(operation) { number throws(IOError) in
      var entry = pollfd(fd: number, events: mask, revents: 0)
      guard unsafe poll(&entry, 1, 0) > 0 else { return false }
      if entry.revents & CShort(POLLNVAL) != 0 { throw IOError(.closed, operation: "\(operation)") }
      return true
    }
  }
}

/// The numbers that are waited for without being owned.
private final class BorrowedDescriptors: Sendable {
  private struct Key: Hashable {
    let number: CInt
    let loop: ObjectIdentifier
  }

  private struct Entry {
    let descriptor: Descriptor
    var users: Int
  }

  static let shared = BorrowedDescriptors()

  private let entries = Mutex<[Key: Entry]>([:])

  /// The descriptor object for `number` on `loop`, registered.
  func take(_ number: CInt, on loop: EventLoop) throws(IOError) -> Descriptor {
    let key = Key(number: number, loop: ObjectIdentifier(loop))
    return try entries.withLock { entries throws(IOError) in
      do throws(IOError) {
        let descriptor = try Descriptor(number, on: loop, owned: false)
        // An entry that is there already is of an older file of this number: its users end by themselves.
        entries[key] = Entry(descriptor: descriptor, users: 1)
        return descriptor
      } catch {
        guard error.errno == EEXIST, var entry = entries[key] else { throw error }
        entry.users += 1
        entries[key] = entry
        return entry.descriptor
      }
    }
  }

  /// Ends a use; the last one ends the registration.
  func giveBack(_ number: CInt, _ descriptor: Descriptor, on loop: EventLoop) {
    let key = Key(number: number, loop: ObjectIdentifier(loop))
    let ended = entries.withLock { entries in
      guard var entry = entries[key], entry.descriptor === descriptor else { return true }
      entry.users -= 1
      entries[key] = entry.users > 0 ? entry : nil
      return entry.users == 0
    }
    if ended { descriptor.close() }
  }

  /// Forgets `number` and returns what was waited for under it.
  func evict(_ number: CInt) -> [Descriptor] {
    entries.withLock { entries in
      let keys = entries.keys.filter { $0.number == number }
      return keys.compactMap { entries.removeValue(forKey: $0)?.descriptor }
    }
  }
}
