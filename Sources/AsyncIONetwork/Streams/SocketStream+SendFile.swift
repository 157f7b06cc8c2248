// Sending files: from the page cache to the socket without a copy here; for other streams, by reading on the blocking pool.
//
// The system's call may wait for the disk where the file is not in memory, as asyncio's does. It takes a stretch at a time, so
// that others have their turn.

import AsyncIOCoordination
import AsyncIORuntime
internal import CAsyncIO
import Glibc

extension SocketStream {
  private static let stretch = 256 * 1024
  private static let survival: Void = casyncio_survive_broken_pipes()
  /// What the call says of files that it cannot send.
  private static let unsendable: Set<CInt> = [EINVAL, ENOSYS, ESPIPE]

  /// Sends a part of a file without copying it through the program (asyncio's `loop.sendfile`).
  ///
  /// What the system cannot send by itself, such as a pipe, is read and written instead.
  ///
  /// ```swift
  /// var offset = 0
  /// let sent = try await stream.sendFile(file, from: &offset)
  /// ```
  ///
  /// - Parameters:
  ///   - file: A descriptor that can be read; its own position is neither used nor changed.
  ///   - offset: Where to begin, in bytes from the start; grows by what was sent, also when this throws.
  ///   - count: How many bytes to send; to the end of the file if nil.
  /// - Returns: How many bytes were sent: fewer than `count` if the file is shorter.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// `offset` says how far it came when it throws; the call may be repeated from there.
  @discardableResult
  public final func sendFile(_ file: CInt, from offset: inout Int, count: Int? = nil) async throws -> Int {
    precondition(offset >= 0, "a file is sent from 0 or later, not from \(offset)")
    precondition(count ?? 0 >= 0, "no fewer than 0 bytes of a file can be sent, not \(count ?? 0)")
    Self.survival
    let start = offset
    let end = count.map { start + $0 } ?? .max
    if descriptor.isOverBudget { try await checkpoint() }
    while offset < end {
      let sent: Int?
      do {
        sent = try trySend(file, offset, min(end - offset, Self.stretch))
      } catch let error as IOError where Self.unsendable.contains(error.errno ?? 0) {
        return try await (offset - start)
          + sendByReading(file, from: &offset, count: count.map { $0 - (offset - start) })
      }
      if sent == 0 { break }
      guard let sent else {
        try await descriptor.waitUntilReady(.write, "sendfile")
        continue
      }
      offset += sent
      if descriptor.isOverBudget { try await checkpoint() }
    }
    return offset - start
  }

  private final func trySend(_ file: CInt, _ offset: Int, _ count: Int) throws -> Int? {
    var position = off_t(offset)
    return try descriptor.attempt(.write, "sendfile") { number in
      unsafe sendfile(number, file, &position, count)
    } isDrained: { _ in
      false
    }
  }
}

extension WritableByteStream {
  /// Sends a part of a file, read on a thread of the blocking pool.
  ///
  /// For a socket the system does it alone.
  ///
  /// - Parameters:
  ///   - file: A descriptor that can be read; its own position is not used unless it has none, as a pipe.
  ///   - offset: Where to begin; grows by what was sent, also when this throws.
  ///   - count: How many bytes to send; to the end of the file if nil.
  /// - Returns: How many bytes were sent.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// `offset` says how far it came when it throws; the call may be repeated from there.
  @discardableResult
  public func sendFile(_ file: CInt, from offset: inout Int, count: Int? = nil) async throws -> Int {
    try await sendByReading(file, from: &offset, count: count)
  }

  /// Sends a part of a file that is named by its path.
  ///
  /// ```swift
  /// try await stream.sendFile(path: "/srv/www/index.html")
  /// ```
  ///
  /// - Parameters:
  ///   - path: The file's path.
  ///   - offset: Where to begin.
  ///   - count: How many bytes to send; to the end of the file if nil.
  /// - Returns: How many bytes were sent.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// A part of the file may have been sent when it throws.
  @discardableResult
  public func sendFile(path: String, from offset: Int = 0, count: Int? = nil) async throws -> Int {
    let file = try await withBlocking { () throws -> CInt in
      let file = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { throw IOError(.system, errno: errno, operation: "open", detail: path) }
      return file
    }
    defer { Glibc.close(file) }
    var offset = offset
    return try await sendFile(file, from: &offset, count: count)
  }

  func sendByReading(_ file: CInt, from offset: inout Int, count: Int?) async throws -> Int {
    let start = offset
    let end = count.map { start + $0 } ?? .max
    while offset < end {
      let (position, size) = (offset, min(end - offset, 256 * 1024))
      let bytes = try await withBlocking { try readFile(file, position, size) }
      if bytes.isEmpty { break }
      try await write(bytes[...], progress: &offset)
    }
    return offset - start
  }
}

private func readFile(_ file: CInt, _ offset: Int, _ size: Int) throws(IOError) -> [UInt8] {
  var failure: CInt = 0
  let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    var result = unsafe pread(file, buffer.baseAddress, size, off_t(offset))
    // A pipe has no places: what comes next is what there is.
    if result < 0, errno == ESPIPE { result = unsafe Glibc.read(file, buffer.baseAddress, size) }
    if result < 0 { failure = errno }
    count = max(result, 0)
  }
  guard failure == 0 else { throw IOError(.system, errno: failure, operation: "read") }
  return bytes
}
