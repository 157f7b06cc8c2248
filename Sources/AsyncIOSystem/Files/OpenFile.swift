// The number of an open file, which several threads may be using when it is closed.
//
//   open(users)     system calls under way are counted                → open, closing, closed
//   closing(users)  closed by its owner; the last user closes it      → closed
//   closed          the number is somebody else's by now              (last)
//
// A regular file cannot be polled, so that it is no `Descriptor`; this is what remains of one.

import AsyncIORuntime
import Glibc
import Synchronization

/// An open file that is closed once, and not under a system call.
final class OpenFile: Sendable {
  private enum State {
    case open(users: Int)
    case closing(users: Int)
    case closed
  }

  private let number: CInt
  private let state = Mutex(State.open(users: 0))
  let path: FilePath

  init(_ number: CInt, _ path: FilePath) {
    self.number = number
    self.path = path
  }

  deinit { close() }

  var isClosed: Bool {
    state.withLock { state in
      if case .open = state { return false }
      return true
    }
  }

  /// Calls `body` with the number, which stays open meanwhile.
  func use<Result>(_ operation: String, _ body: (CInt) throws -> Result) throws -> Result {
    try enter(operation)
    defer { leave() }
    return try body(number)
  }

  /// Calls `body` with the number, which stays open meanwhile.
  func use<Result>(_ operation: String, _ body: (CInt) async throws -> Result) async throws -> Result {
    try enter(operation)
    defer { leave() }
    return try await body(number)
  }

  private func enter(_ operation: String) throws {
    let isOpen = state.withLock { state in
      guard case .open(let users) = state else { return false }
      state = .open(users: users + 1)
      return true
    }
    guard isOpen else { throw IOError(.closed, operation: operation, detail: path.string) }
  }

  private func leave() {
    let isLast = state.withLock { state in
      switch state {
      case .open(let users): state = .open(users: users - 1)
      case .closing(1):
        state = .closed
        return true
      case .closing(let users): state = .closing(users: users - 1)
      case .closed: preconditionFailure("a file was used after its number was closed")
      }
      return false
    }
    if isLast { Glibc.close(number) }
  }

  /// Closes the file when nobody uses it any more; idempotent.
  func close() {
    let isUnused = state.withLock { state in
      guard case .open(let users) = state else { return false }
      state = users > 0 ? .closing(users: users) : .closed
      return users == 0
    }
    if isUnused { Glibc.close(number) }
  }
}
