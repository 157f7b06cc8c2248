// An open file.
//
// The position is the system's own: two tasks that read one file get different parts of it, as two threads would. Reads try
// what is in memory (CachedRead.swift) and go to a thread for the rest; writes always go to a thread.

import AsyncIOCoordination
public import AsyncIONetwork
import AsyncIORuntime
internal import CAsyncIO
import Glibc

/// An open file (Python's `open`, anyio's `open_file`).
///
/// ```swift
/// try await withFile("log", .append) { file in
///   try await file.write("started\n")
/// }
/// for try await line in try await File.open("log").lines { print(line) }
/// ```
///
/// A file that is dropped is closed.
public final class File: ReadableByteStream, WritableByteStream {
  /// What a file is opened for.
  public enum Mode: Sendable {
    /// To be read; it must exist (`"r"`).
    case read
    /// To be written; made, or emptied (`"w"`).
    case write
    /// To be written at its end; made if it does not exist (`"a"`).
    case append
    /// To be read and written; it must not exist (`"x+"`).
    case createNew
    /// To be read and written as it is; it must exist (`"r+"`).
    case update

    var flags: CInt {
      switch self {
      case .read: O_RDONLY
      case .write: O_WRONLY | O_CREAT | O_TRUNC
      case .append: O_WRONLY | O_CREAT | O_APPEND
      case .createNew: O_RDWR | O_CREAT | O_EXCL
      case .update: O_RDWR
      }
    }
  }

  let file: OpenFile

  init(_ file: OpenFile) { self.file = file }

  /// Opens a file; better in a scope, `withFile`.
  ///
  /// - Parameters:
  ///   - path: Which.
  ///   - mode: What for.
  ///   - permissions: Of a file that is made, less what the process's mask takes away.
  /// - Returns: The file, at its beginning.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before it is opened, nothing is changed.
  public static func open(_ path: FilePath, _ mode: Mode = .read, permissions: UInt32 = 0o666) async throws
    -> File
  {
    try await withBlocking { File(OpenFile(try FileCalls.open(path, mode.flags, permissions), path)) }
  }

  /// Where it was opened.
  public var path: FilePath { file.path }

  // MARK: Reading

  /// Reads from where the file is and appends it to `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: Grows by what was read.
  ///   - limit: How many bytes to read at most; at least 1.
  /// - Returns: How many bytes were appended; 0 at the end.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the beginning, nothing is read; a read that has begun is awaited and given.
  public func read(appendingTo bytes: inout [UInt8], atMost limit: Int) async throws -> Int {
    precondition(limit > 0, "read(appendingTo:atMost:) needs a limit of at least 1, not \(limit)")
    try await checkpoint()
    let cached = try file.use("read") { number in
      unsafe bytes.append(atMost: min(limit, CachedRead.limit)) { unsafe CachedRead.some(number, into: $0) }
    }
    if let cached { return cached }
    let more = try await onThread("read") { number, path in
      var bytes: [UInt8] = []
      _ = try FileCalls.read(number, appendingTo: &bytes, atMost: limit, path)
      return bytes
    }
    bytes += more
    return more.count
  }

  /// Reads from where the file is into `buffer`.
  ///
  /// - Parameter buffer: Memory that stays valid until this returns; at least one byte.
  /// - Returns: How many bytes were read; 0 at the end.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the beginning, nothing is read; a read that has begun is awaited and given.
  @unsafe
  public func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    precondition(buffer.count > 0, "read(into:) needs room for at least one byte")
    try await checkpoint()
    if let count = try file.use("read", { number in unsafe CachedRead.some(number, into: buffer) }) {
      return count
    }
    // The thread is awaited, so that the buffer is the caller's and this call's alone.
    nonisolated(unsafe) let buffer = unsafe buffer
    return try await onThread("read") { number, path in
      try FileCalls.retrying("read", path) { unsafe Glibc.read(number, buffer.baseAddress, buffer.count) }
    }
  }

  /// Reads from a place of the file, whose own position stays.
  ///
  /// - Parameters:
  ///   - offset: Where, from the beginning.
  ///   - limit: How many bytes to read at most; at least 1.
  /// - Returns: As many bytes as there are up to the limit; an empty array at the end or behind it.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is changed in any case.
  public func read(at offset: Int, atMost limit: Int) async throws -> [UInt8] {
    precondition(limit > 0, "read(at:atMost:) needs a limit of at least 1, not \(limit)")
    precondition(offset >= 0, "a file is read at 0 or behind it, not at \(offset)")
    return try await onThread("read") { number, path in
      var bytes: [UInt8] = []
      while bytes.count < limit,
        try FileCalls.read(
          number, appendingTo: &bytes, atMost: limit - bytes.count, at: offset + bytes.count, path) > 0
      {}
      return bytes
    }
  }

  // MARK: Writing

  /// Writes all of `bytes` where the file is.
  ///
  /// - Throws: `IOError`, and then a part may have been written; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the beginning, nothing is written; a write that has begun is done to the end.
  public func write(_ bytes: ArraySlice<UInt8>) async throws {
    try await onThread("write") { number, path in try FileCalls.write(number, bytes, path) }
  }

  /// Writes some of `bytes` where the file is.
  ///
  /// - Parameter bytes: At least one.
  /// - Returns: How many bytes were taken from the front: all, as a rule.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the beginning, nothing is written; a write that has begun is done to the end.
  public func writeSome(_ bytes: ArraySlice<UInt8>) async throws -> Int {
    precondition(!bytes.isEmpty, "writeSome needs at least one byte")
    try await write(bytes)
    return bytes.count
  }

  /// Writes all of `bytes` to a place of the file, whose own position stays.
  ///
  /// - Parameters:
  ///   - bytes: What to write.
  ///   - offset: Where, from the beginning; behind the end, the gap is filled with zeros.
  /// - Throws: `IOError`, and then a part may have been written; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `write` of a slice.
  public func write(_ bytes: [UInt8], at offset: Int) async throws {
    precondition(offset >= 0, "a file is written at 0 or behind it, not at \(offset)")
    try await onThread("write") { number, path in
      try FileCalls.write(number, bytes[...], at: offset, path)
    }
  }

  /// Makes the file shorter, or longer by zeros.
  ///
  /// - Parameter size: Its new length in bytes.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the beginning, nothing is changed.
  public func truncate(to size: Int) async throws {
    try await onThread("truncate") { number, path in
      try FileCalls.check(ftruncate(number, size), "truncate", path)
    }
  }

  /// Waits until all that was written is on the disk (`os.fsync`).
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the beginning, nothing is waited for; afterwards it is awaited.
  public func synchronize() async throws {
    try await onThread("fsync") { number, path in try FileCalls.check(fsync(number), "fsync", path) }
  }

  // MARK: Positions and ends

  /// What a position is counted from.
  public enum Origin: Sendable {
    /// The beginning of the file.
    case beginning
    /// Where the file is.
    case position
    /// The end of the file; negative offsets are before it.
    case end
  }

  /// Moves to a place in the file.
  ///
  /// - Parameters:
  ///   - offset: How far from the origin.
  ///   - origin: What it is counted from.
  /// - Returns: The new position, from the beginning.
  /// - Throws: `IOError`, with `EINVAL` before the beginning, with `ESPIPE` for what has no positions.
  @discardableResult
  public func seek(to offset: Int, from origin: Origin = .beginning) throws -> Int {
    let code =
      switch origin {
      case .beginning: SEEK_SET
      case .position: SEEK_CUR
      case .end: SEEK_END
      }
    return try file.use("seek") { number in
      let position = lseek(number, offset, code)
      guard position >= 0 else { throw FileCalls.error(errno, "seek", path) }
      return Int(position)
    }
  }

  /// Where the file is: what the next read or write begins at.
  ///
  /// - Throws: `IOError` when the file is closed, or has no positions.
  public var position: Int { get throws { try seek(to: 0, from: .position) } }

  /// Looks at the open file.
  ///
  /// - Returns: What the system knows.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is changed in any case.
  public func info() async throws -> FileInfo {
    try await onThread("stat") { number, path in FileInfo(try FileCalls.status(number, path)) }
  }

  /// Calls `body` with the number of the open file, for other libraries; it stays open meanwhile.
  ///
  /// - Parameter body: Runs on the caller's actor.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws; `IOError` with the code `closed`.
  ///
  /// ## Cancellation
  /// Is the body's affair.
  public func withDescriptor<Result>(_ body: (CInt) async throws -> Result) async throws -> Result {
    try await file.use("use", body)
  }

  /// Closes the file; later operations throw `IOError` with the code `closed`, and those under way are done to their end.
  ///
  /// Idempotent.
  public func close() { file.close() }

  /// As `close`: a file has nobody to tell.
  public func abort() { close() }

  /// Does nothing: a file has nobody to tell that no more will be written.
  public func closeWriting() {}

  /// Whether the file was closed.
  public var isClosed: Bool { file.isClosed }

  private func onThread<Result: Sendable>(
    _ operation: String, _ body: @escaping @Sendable (CInt, FilePath) throws -> Result
  ) async throws -> Result {
    let file = file
    return try await withBlocking { try file.use(operation) { number in try body(number, file.path) } }
  }
}

extension File: CustomStringConvertible {
  /// For people, such as `File(/etc/hosts)`.
  public var description: String { isClosed ? "File(\(path), closed)" : "File(\(path))" }
}

/// Opens a file, runs `body` with it, and closes it (Python's `with open(…)`).
///
/// ```swift
/// let header = try await withFile("data") { file in try await file.read(atMost: 16) }
/// ```
///
/// - Parameters:
///   - path: Which.
///   - mode: What for.
///   - permissions: Of a file that is made, less what the process's mask takes away.
///   - body: Gets the file, at its beginning; runs on the caller's actor.
/// - Returns: What `body` returns.
/// - Throws: `IOError` when it cannot be opened; what `body` throws.
///
/// ## Cancellation
/// Before it is opened, nothing is changed; afterwards it is the body's affair, and the file is closed.
@discardableResult
public func withFile<Result>(
  _ path: FilePath, _ mode: File.Mode = .read, permissions: UInt32 = 0o666,
  _ body: (File) async throws -> Result
) async throws -> Result {
  let file = try await File.open(path, mode, permissions: permissions)
  defer { file.close() }
  return try await body(file)
}
