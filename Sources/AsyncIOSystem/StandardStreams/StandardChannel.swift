// How one of the three standard descriptors is read or written without blocking the loop, and without changing it.
//
// They are shared: with the shell, with the program's parent and its children. Non-blocking mode belongs to the open file
// description and not to the number, so that to set it here would set it for all of them, and they would find it
// set after this process has gone. So what a descriptor is decides:
//
//   a terminal, a pipe  it is opened anew under /proc/self/fd: another description of the same thing, which may be non-blocking
//   a socket            each call says for itself that it shall not wait
//   a file              cannot be polled; what is not in memory is read on a thread
//   anything else       or where opening anew is not allowed: it is polled, and then read or written on a thread, since somebody
//                       else may have taken meanwhile what the poll has seen
//
// The position of a file is that of its description, shared as well: `(program; cat) < file` goes on where the program stopped.
// So a file is not opened anew.
//
// No descriptor is registered with a loop for longer than a wait, as the standard streams outlive any loop.

import AsyncIOCoordination
import AsyncIORuntime
internal import CAsyncIO
import Glibc
import Synchronization

/// One of the standard descriptors.
final class StandardChannel: Sendable {
  private enum Way {
    /// Never waits: its own description, in non-blocking mode.
    case reopened(CInt)
    case socket, file, shared
  }

  private enum State {
    case unknown
    case known(Way)
    /// Given up; what was opened anew is kept as a number, so that a call under way on another thread finds nobody else's.
    case closed(Way?)
  }

  private let number: CInt
  private let isInput: Bool
  private let name: String
  private let state = Mutex(State.unknown)

  init(_ number: CInt, isInput: Bool, _ name: String) {
    self.number = number
    self.isInput = isInput
    self.name = name
  }

  deinit {
    switch state.withLock({ $0 }) {
    case .known(.reopened(let own)), .closed(.reopened(let own)?): Glibc.close(own)
    case .unknown, .known, .closed: break
    }
  }

  var isClosed: Bool {
    state.withLock { state in
      if case .closed = state { return true }
      return false
    }
  }

  /// Gives the descriptor up: whoever has the other end sees it closed.
  ///
  /// The number stays taken, by `/dev/null`, so that nothing
  /// else that is opened later is mistaken for the stream.
  func close() {
    let numbers = state.withLock { state -> [CInt] in
      switch state {
      case .closed: return []
      case .known(.reopened(let own)):
        state = .closed(.reopened(own))
        return [number, own]
      case .unknown, .known:
        state = .closed(nil)
        return [number]
      }
    }
    guard !numbers.isEmpty else { return }
    let null = unsafe casyncio_open("/dev/null", O_RDWR, 0)
    for number in numbers {
      EventLoop.notifyClosing(number)
      casyncio_replace(number, null)
    }
    if null >= 0 { Glibc.close(null) }
  }

  /// Finds out, the first time, what the descriptor is.
  private func way() throws(IOError) -> Way {
    try state.withLock { state throws(IOError) in
      switch state {
      case .closed: throw IOError(.closed, operation: name)
      case .known(let way): return way
      case .unknown:
        let way = try look()
        state = .known(way)
        return way
      }
    }
  }

  private func look() throws(IOError) -> Way {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else {
      throw IOError(.system, errno: errno, operation: name, detail: "descriptor \(number)")
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG, S_IFDIR, S_IFBLK: return .file
    case S_IFSOCK: return .socket
    default:
      let flags = (isInput ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_NOCTTY
      let own = unsafe casyncio_open("/proc/self/fd/\(number)", flags, 0)
      return own >= 0 ? .reopened(own) : .shared
    }
  }

  // MARK: Reading and writing

  /// Reads into `buffer`; waits until there is something.
  func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    // A thread that reads is awaited, so that the buffer stays this call's alone.
    nonisolated(unsafe) let buffer = unsafe buffer
    return try await perform { number, way in
      switch way {
      case .reopened, .shared: unsafe Glibc.read(number, buffer.baseAddress, buffer.count)
      case .socket: unsafe casyncio_receive_now(number, buffer.baseAddress, buffer.count)
      case .file: unsafe CachedRead.some(number, into: buffer) ?? Self.wouldBlock()
      }
    } onThread: { number in
      unsafe Glibc.read(number, buffer.baseAddress, buffer.count)
    }
  }

  /// Writes some of `bytes`; waits until there is room.
  func write(_ bytes: ArraySlice<UInt8>) async throws -> Int {
    try await perform { number, way in
      unsafe bytes.withUnsafeBytes { bytes in
        switch way {
        case .reopened, .shared: unsafe casyncio_write_quietly(number, bytes.baseAddress, bytes.count)
        case .socket: unsafe casyncio_send_now(number, bytes.baseAddress, bytes.count)
        case .file: Self.wouldBlock()
        }
      }
    } onThread: { number in
      unsafe bytes.withUnsafeBytes { unsafe casyncio_write_quietly(number, $0.baseAddress, $0.count) }
    }
  }

  private static func wouldBlock() -> Int {
    errno = EAGAIN
    return -1
  }

  /// Makes a call until it need not wait.
  ///
  /// - Parameters:
  ///   - tryOnce: Never waits.
  ///   - onThread: May wait.
  /// - Returns: What the call has returned.
  /// - Throws: `IOError` of the call; `CancellationError`.
  private func perform(
    _ tryOnce: (CInt, Way) -> Int, onThread: @escaping @Sendable (CInt) -> Int
  ) async throws -> Int {
    try await checkpoint()
    while true {
      let way = try way()
      switch way {
      case .reopened(let own):
        if let count = try result({ tryOnce(own, way) }) { return count }
        try await waitUntilReady(own)
      case .socket:
        if let count = try result({ tryOnce(number, way) }) { return count }
        try await waitUntilReady(number)
      case .file:
        if let count = try result({ tryOnce(number, way) }) { return count }
        if let count = try await resultOnThread(onThread) { return count }
      case .shared:
        try await waitUntilReady(number)
        if let count = try await resultOnThread(onThread) { return count }
      }
    }
  }

  private func resultOnThread(_ call: @escaping @Sendable (CInt) -> Int) async throws -> Int? {
    try await withBlocking { [self] in try result { call(number) } }
  }

  private func result(_ call: () -> Int) throws(IOError) -> Int? {
    while true {
      let result = call()
      if result >= 0 { return result }
      switch errno {
      case EINTR: continue
      case EAGAIN: return nil
      case let failure: throw IOError(.system, errno: failure, operation: name)
      }
    }
  }

  private func waitUntilReady(_ number: CInt) async throws {
    do {
      if isInput {
        try await EventLoop.wait(readable: number)
      } else {
        try await EventLoop.wait(writable: number)
      }
    } catch let error as IOError where error.errno == EPERM {
      // What cannot be polled, such as /dev/null, never blocks either.
    }
  }
}
