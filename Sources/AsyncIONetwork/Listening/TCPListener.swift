// Listening. A listener is an async sequence of connections; `serve` runs a handler for each, with a limit.
//
// A process that has run out of descriptors cannot accept: `accept` fails with EMFILE while the connection stays in the
// queue, so that no further edge comes and trying again at once would spin. The listener then waits a moment, as
// descriptors come back when other connections end.

import AsyncIOCoordination
import AsyncIORuntime
internal import CAsyncIO
import Glibc

/// A socket that accepts TCP connections.
///
/// ```swift
/// let listener = try TCPListener(host: "127.0.0.1", port: 0)
/// for try await connection in listener { … }
/// ```
public final class TCPListener: Sendable {
  private let descriptor: Descriptor
  /// The address that the listener is bound to, with the port that the system has chosen for 0.
  public let localAddress: SocketAddress

  /// Errors after which the next connection may well be accepted.
  private static let passing: Set<CInt> = [
    ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH,
    EPERM,
  ]
  /// Errors that end when others give resources back.
  private static let exhausted: Set<CInt> = [EMFILE, ENFILE, ENOBUFS, ENOMEM]

  /// Binds to an address and starts to listen.
  ///
  /// - Parameters:
  ///   - host: A numeric address of this machine; `0.0.0.0` or `::` for all.
  ///   - port: The port; 0 lets the system choose.
  ///   - backlog: How many connections may wait to be accepted.
  /// - Throws: `IOError`, as when the port is in use.
  public init(host: String = "127.0.0.1", port: Int, backlog: Int = 1024) throws {
    let address = try SocketAddress(ip: host, port: port)
    let number = try Socket.makeStream(for: address)
    Socket.enable(SO_REUSEADDR, level: SOL_SOCKET, on: number)
    guard unsafe address.withSockaddr({ unsafe bind(number, $0, $1) }) == 0 else {
      let failure = errno
      Glibc.close(number)
      throw IOError(.system, errno: failure, operation: "bind", detail: "\(address)")
    }
    guard listen(number, CInt(clamping: backlog)) == 0 else {
      let failure = errno
      Glibc.close(number)
      throw IOError(.system, errno: failure, operation: "listen", detail: "\(address)")
    }
    descriptor = try Descriptor(number)
    localAddress = try Socket.localAddress(descriptor)
  }

  /// Waits for the next connection.
  ///
  /// - Throws: `IOError` with the code `closed` after `close`; `CancellationError`.
  ///
  /// ## Cancellation
  /// No connection has been taken when it throws; the call may be repeated.
  public func accept() async throws -> TCPStream {
    if descriptor.isOverBudget { try await checkpoint() }
    while true {
      do {
        let number = try descriptor.attempt(.read, "accept") {
          Int(casyncio_accept($0))
        } isDrained: { _ in
          false
        }
        guard let number else {
          try await descriptor.waitUntilReady(.read, "accept")
          continue
        }
        let connection = CInt(truncatingIfNeeded: number)
        Socket.disableNagle(connection)
        return TCPStream(try Descriptor(connection))
      } catch let error as IOError {
        guard let failure = error.errno else { throw error }
        if Self.passing.contains(failure) { continue }
        guard Self.exhausted.contains(failure) else { throw error }
        try await sleep(for: .milliseconds(50))
      }
    }
  }

  /// Runs `handler` for each connection, at most `limit` at a time, until the task is cancelled or the listener closed.
  ///
  /// Beyond the limit connections wait in the system's queue. An error that a handler throws ends its connection alone
  /// and is reported as unhandled. Connections are closed when their handlers return.
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
    let connections = Connections(limit: limit ?? .max)
    do {
      do {
        while true {
          try await connections.waitForRoom()
          connections.start(try await accept(), handler)
        }
      } catch let error as IOError where error.code == .closed {
        try await connections.waitForEnd()
      }
    } catch {
      await connections.end()
      throw error
    }
  }

  /// Stops listening: connections that were not accepted are refused, and `accept` throws `IOError` with the code `closed`.
  ///
  /// Idempotent.
  public func close() { descriptor.close() }
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
