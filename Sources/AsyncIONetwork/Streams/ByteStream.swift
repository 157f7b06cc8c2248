// What all byte streams have in common: TCP, Unix sockets, pipes, memory, and what is built on top of them.
//
// The protocols are bound to classes, as a stream is one thing with an identity: it is handed to a reader's task and to a
// writer's task at a time, it is closed once, and closing it in one place ends what waits in another. Generic code over them
// that is `@inlinable` is specialised where it is used; no existential stands between a program and its socket.
//
// A stream of one's own writes `read(into:)`, `writeSome`, the ends, and nothing else: the rest has defaults.

/// Something that is open and is closed once.
public protocol Closable: AnyObject, Sendable {
  /// Whether it was closed or aborted here.
  var isClosed: Bool { get }

  /// Closes it in order: what was written before still arrives, and tasks that wait for it throw `IOError` with the code
  /// `closed`.
  ///
  /// Idempotent. What has a farewell of its own, as TLS has, says it here.
  ///
  /// ## Cancellation
  /// It is closed in any case; where a farewell has to wait, a cancelled task does without.
  func close() async

  /// Closes it at once: what was not sent is dropped, and the peer sees an error where it can.
  ///
  /// Idempotent.
  func abort()
}

/// A stream of bytes that can be read.
///
/// One task reads at a time; a second one throws `IOError` with the code `busy`.
public protocol ReadableByteStream: Closable {
  /// Reads what is there into `buffer`, and waits if nothing is.
  ///
  /// - Parameter buffer: Memory that stays valid until this returns; at least one byte. A large one is best aligned to 64 bytes:
  ///   what lies a few bytes behind the start of a page, as large allocations without alignment do, is filled at half the
  ///   speed on some processors.
  /// - Returns: How many bytes were read, 1 to the buffer's size; 0 at the end of the stream, also when asked again.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  @unsafe func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int

  /// Reads what is there and appends it to `bytes`, at most `limit` bytes; waits if nothing is there.
  ///
  /// - Parameters:
  ///   - bytes: Grows by what was read.
  ///   - limit: How many bytes to read at most; at least 1.
  /// - Returns: How many bytes were appended; 0 at the end of the stream.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  func read(appendingTo bytes: inout [UInt8], atMost limit: Int) async throws -> Int
}

/// A stream of bytes that can be written.
///
/// One task writes at a time; a second one that has to wait throws `IOError` with the code `busy`.
public protocol WritableByteStream: Closable {
  /// Writes some of `bytes`: what there is room for, and waits if there is none.
  ///
  /// For those who must know after an error or a cancellation how much was sent; all others call `write`.
  ///
  /// - Parameter bytes: At least one.
  /// - Returns: How many bytes were taken from the front; at least 1.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been written when it throws; the call may be repeated.
  func writeSome(_ bytes: ArraySlice<UInt8>) async throws -> Int

  /// Writes all of `bytes`, and waits whenever there is no room for more.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Some of the bytes may have been written when it throws; `write(_:progress:)` says how many.
  func write(_ bytes: ArraySlice<UInt8>) async throws

  /// Writes all of `bytes`, and waits whenever there is no room for more.
  ///
  /// - Parameter bytes: Memory that stays valid and unchanged until this returns.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `write` of an array.
  @unsafe func write(_ bytes: UnsafeRawBufferPointer) async throws

  /// Writes all of several pieces, one after another, in as few system calls as possible (asyncio's `writelines`).
  ///
  /// ```swift
  /// try await stream.write(parts: [head, body])
  /// ```
  ///
  /// - Parameter parts: In order; they may be empty.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `write` of an array.
  func write(parts: [[UInt8]]) async throws

  /// Sends a part of a file (asyncio's `loop.sendfile`).
  ///
  /// - Parameters:
  ///   - file: A descriptor that can be read.
  ///   - offset: Where to begin, in bytes from the start; grows by what was sent, also when this throws.
  ///   - count: How many bytes to send; to the end of the file if nil.
  /// - Returns: How many bytes were sent: fewer than `count` if the file is shorter.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// `offset` says how far it came when it throws; the call may be repeated from there.
  @discardableResult
  func sendFile(_ file: CInt, from offset: inout Int, count: Int?) async throws -> Int

  /// Tells the peer that nothing more will be written; reading goes on.
  ///
  /// Idempotent while the stream is open.
  ///
  /// - Throws: `IOError` when the stream is closed or no longer connected; `CancellationError`.
  ///
  /// ## Cancellation
  /// The peer may not have been told when it throws; the call may be repeated.
  func closeWriting() async throws
}

/// A stream of bytes in both directions, such as a `TCPStream`.
///
/// Two tasks may use it at a time, one for each direction. One that is dropped is closed.
///
/// ```swift
/// func echo(_ stream: some ByteStream) async throws {
///   while case let bytes = try await stream.read(atMost: 65_536), !bytes.isEmpty {
///     try await stream.write(bytes)
///   }
/// }
/// ```
public protocol ByteStream: ReadableByteStream, WritableByteStream {}
