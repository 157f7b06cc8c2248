// Listening on a Unix socket. Its name in the file system outlives the socket, so it is removed here: an old one that nobody
// listens on any more when binding, and one's own when closing, if it still is one's own.

import AsyncIORuntime
import Glibc
import Synchronization

/// A Unix socket that accepts connections.
///
/// ```swift
/// let listener = try UnixListener(path: "/run/service.sock")
/// try await listener.serve { connection in … }
/// ```
///
/// Its name in the file system is removed when it is closed.
public final class UnixListener: Sendable {
  private struct File: Equatable {
    let device: dev_t
    let number: ino_t
  }

  private let socket: ListeningSocket
  /// The address that the listener is bound to.
  public let localAddress: UnixAddress
  private let file: File?
  private let isRemoved = Atomic<Bool>(false)
  private let servers = Servers<UnixStream>()

  /// Binds to a path and starts to listen.
  ///
  /// - Throws: As for an address.
  public convenience init(path: String, backlog: Int = 1024) throws {
    try self.init(.path(path), backlog: backlog)
  }

  /// Binds to an address, which may be abstract, and starts to listen.
  ///
  /// A socket that a process has left in the file system, and that nobody listens on, is replaced.
  ///
  /// - Parameters:
  ///   - address: Where to listen.
  ///   - backlog: How many connections may wait to be accepted.
  /// - Throws: `IOError`, with `EADDRINUSE` when somebody listens there, or when there is a file that is no socket.
  public init(_ address: UnixAddress, backlog: Int = 1024) throws {
    let number = try Socket.make(AF_UNIX, SOCK_STREAM)
    do {
      try Self.bind(number, to: address)
    } catch {
      Glibc.close(number)
      throw error
    }
    if case .path(let path) = address { file = Self.file(at: path) } else { file = nil }
    socket = try ListeningSocket(number, backlog: backlog, detail: "\(address)")
    localAddress = address
  }

  deinit { close() }

  private static func bind(_ number: CInt, to address: UnixAddress) throws(IOError) {
    if try tryBind(number, to: address) == 0 { return }
    var failure = errno
    if failure == EADDRINUSE, case .path(let path) = address, isAbandoned(address) {
      unsafe unlink(path)
      if try tryBind(number, to: address) == 0 { return }
      failure = errno
    }
    throw IOError(.system, errno: failure, operation: "bind", detail: "\(address)")
  }

  private static func tryBind(_ number: CInt, to address: UnixAddress) throws(IOError) -> CInt {
    unsafe try address.withSockaddr { unsafe Glibc.bind(number, $0, $1) }
  }

  /// Whether there is a socket that nobody listens on.
  private static func isAbandoned(_ address: UnixAddress) -> Bool {
    guard let probe = try? Socket.make(AF_UNIX, SOCK_STREAM) else { return false }
    defer { Glibc.close(probe) }
    let outcome = unsafe try? address.withSockaddr { unsafe connect(probe, $0, $1) == 0 ? 0 : errno }
    // Only a socket refuses: a file of another kind is ENOTSOCK or the like.
    return outcome == ECONNREFUSED && isSocket(address)
  }

  private static func isSocket(_ address: UnixAddress) -> Bool {
    guard case .path(let path) = address else { return false }
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
  }

  private static func file(at path: String) -> File? {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return nil }
    return File(device: status.st_dev, number: status.st_ino)
  }

  /// Waits for the next connection.
  ///
  /// - Throws: `IOError` with the code `closed` after `close`; `CancellationError`.
  ///
  /// ## Cancellation
  /// No connection has been taken when it throws; the call may be repeated.
  public func accept() async throws -> UnixStream { UnixStream(try Descriptor(try await socket.accept())) }

  /// Runs `handler` for each connection, at most `limit` at a time, until the task is cancelled or the listener closed.
  ///
  /// As `TCPListener.serve` in all.
  ///
  /// - Throws: `CancellationError`, or `IOError` when the socket fails.
  ///
  /// ## Cancellation
  /// Cancels the handlers and waits for their ends, also after the listener was closed.
  public func serve(
    limit: Int? = nil, _ handler: @escaping @Sendable (UnixStream) async throws -> Void
  ) async throws {
    try await servers.serve(limit: limit, handler) { [socket] in
      try await socket.accept()
    } makeStream: {
      UnixStream($0)
    }
  }

  /// Ends what `serve` does, in order: stops listening, lets handlers end by themselves for a while, cancels those that are
  /// left, and aborts the connections of those that do not end by that.
  ///
  /// - Parameters:
  ///   - grace: How long handlers may go on by themselves.
  ///   - cleanup: How long those that were cancelled may take before their connections are aborted.
  ///
  /// ## Cancellation
  /// Cuts both times short; the handlers are waited for in any case.
  public func shutdown(grace: Duration, cleanup: Duration = .seconds(1)) async {
    close()
    await servers.shutdown(grace: grace, cleanup: cleanup)
  }

  /// Stops listening, and removes the socket from the file system unless somebody else has put another one there.
  ///
  /// Idempotent.
  public func close() {
    if case .path(let path) = localAddress, let file,
      !isRemoved.exchange(true, ordering: .relaxed), Self.file(at: path) == file
    {
      unsafe unlink(path)
    }
    socket.descriptor.close()
  }
}
