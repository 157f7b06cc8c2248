// Listening for TCP connections. A listener is an async sequence of connections; `serve` runs a handler for each.

import AsyncIORuntime
import Glibc

/// A socket that accepts TCP connections.
///
/// ```swift
/// let listener = try TCPListener(host: "127.0.0.1", port: 0)
/// for try await connection in listener { … }
/// ```
public final class TCPListener: Sendable {
  private let socket: ListeningSocket
  /// The address that the listener is bound to, with the port that the system has chosen for 0.
  public let localAddress: SocketAddress
  private let servers = Servers<TCPStream>()

  /// Binds to an address and starts to listen.
  ///
  /// - Parameters:
  ///   - host: A numeric address of this machine; `0.0.0.0` or `::` for all.
  ///   - port: The port; 0 lets the system choose.
  ///   - backlog: How many connections may wait to be accepted.
  ///   - sharesPort: Whether other listeners, in this process or others of the same user, may bind to the same address: the
  ///     system spreads connections over them (`SO_REUSEPORT`).
  /// - Throws: `IOError`, as when the port is in use.
  public init(
    host: String = "127.0.0.1", port: Int, backlog: Int = 1024, sharesPort: Bool = false
  ) throws {
    let address = try SocketAddress(ip: host, port: port)
    let number = try Socket.makeStream(for: address)
    Socket.enable(SO_REUSEADDR, level: SOL_SOCKET, on: number)
    if sharesPort { Socket.enable(SO_REUSEPORT, level: SOL_SOCKET, on: number) }
    guard unsafe address.withSockaddr({ unsafe bind(number, $0, $1) }) == 0 else {
      let failure = errno
      Glibc.close(number)
      throw IOError(.system, errno: failure, operation: "bind", detail: "\(address)")
    }
    socket = try ListeningSocket(number, backlog: backlog, detail: "\(address)")
    localAddress = try Socket.localAddress(socket.descriptor)
  }

  /// Takes over a socket that is bound, and starts to listen on it, also when it does already (asyncio's `sock=`).
  ///
  /// For sockets that a service manager has opened. The listener closes it, also when this throws.
  ///
  /// - Parameters:
  ///   - number: The socket; it is made non-blocking.
  ///   - backlog: How many connections may wait to be accepted.
  /// - Throws: `IOError` when it is no socket, or cannot listen.
  public init(adopting number: CInt, backlog: Int = 1024) throws {
    let flags = fcntl(number, F_GETFL)
    guard flags >= 0, fcntl(number, F_SETFL, flags | O_NONBLOCK) == 0 else {
      throw IOError(.system, errno: errno, operation: "fcntl")
    }
    socket = try ListeningSocket(number, backlog: backlog, detail: "the socket \(number)")
    localAddress = try Socket.localAddress(socket.descriptor)
  }

  /// Waits for the next connection.
  ///
  /// - Throws: `IOError` with the code `closed` after `close`; `CancellationError`.
  ///
  /// ## Cancellation
  /// No connection has been taken when it throws; the call may be repeated.
  public func accept() async throws -> TCPStream {
    let number = try await socket.accept()
    Socket.disableNagle(number)
    return TCPStream(try Descriptor(number))
  }

  /// Runs `handler` for each connection, at most `limit` at a time, until the task is cancelled or the listener closed.
  ///
  /// Beyond the limit connections wait in the system's queue. An error that a handler throws ends its connection alone
  /// and is reported as unhandled. Connections are closed when their handlers return. In a run of several threads handlers run on
  /// all of them, one connection on one thread.
  ///
  /// ```swift
  /// try await listener.serve(limit: 1000) { connection in
  ///   while case let bytes = try await connection.read(atMost: 65_536), !bytes.isEmpty {
  ///     try await connection.write(bytes)
  ///   }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - limit: How many connections to serve at once; no limit if nil.
  ///   - handler: Serves one connection, as a task of its own.
  /// - Throws: `CancellationError`, or `IOError` when the socket fails; closing the listener ends it without an error, when
  ///   the handlers have ended by themselves.
  ///
  /// ## Cancellation
  /// Cancels the handlers and waits for their ends, also after the listener was closed.
  public func serve(
    limit: Int? = nil, _ handler: @escaping @Sendable (TCPStream) async throws -> Void
  ) async throws {
    try await servers.serve(limit: limit, handler) { [socket] in
      let number = try await socket.accept()
      Socket.disableNagle(number)
      return number
    } makeStream: {
      TCPStream($0)
    }
  }

  /// Ends what `serve` does, in order: stops listening, lets handlers end by themselves for a while, cancels those that are
  /// left, and aborts the connections of those that do not end by that.
  ///
  /// ```swift
  /// await listener.shutdown(grace: .seconds(30))
  /// ```
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

  /// Stops listening as `close`; connections that wait to be accepted are served before by those who serve, as far as their limits
  /// allow.
  package func closeAfterAccepting() {
    servers.take {
      guard let number = socket.acceptWaiting() else { return nil }
      Socket.disableNagle(number)
      return number
    }
    close()
  }

  /// Stops listening: connections that were not accepted are refused, and `accept` throws `IOError` with the code `closed`.
  ///
  /// Idempotent.
  public func close() { socket.descriptor.close() }
}

extension TCPListener: AsyncSequence {
  /// A connection.
  public typealias Element = TCPStream

  /// Makes an iterator over the connections; several share them.
  public func makeAsyncIterator() -> Iterator { Iterator(listener: self) }

  /// Gives connections until the listener is closed.
  public struct Iterator: AsyncIteratorProtocol {
    let listener: TCPListener

    /// The next connection; nil when the listener was closed.
    ///
    /// - Throws: `IOError` when the socket fails; `CancellationError`.
    ///
    /// ## Cancellation
    /// No connection has been taken when it throws.
    public mutating func next() async throws -> TCPStream? {
      do {
        return try await listener.accept()
      } catch let error as IOError where error.code == .closed {
        return nil
      }
    }
  }
}
