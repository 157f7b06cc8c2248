// Connections between processes of one machine.

import AsyncIORuntime
internal import CAsyncIO
import Glibc

/// A connection over a Unix socket.
///
/// ```swift
/// let stream = try await UnixStream.connect(path: "/run/service.sock")
/// try await stream.write("status\n")
/// ```
///
/// A stream that is dropped is closed.
public final class UnixStream: SocketStream, @unchecked Sendable {
  // Sendable: as its superclass, to which it adds no property.

  /// Who is at the other end.
  public struct PeerCredentials: Sendable, Hashable {
    /// The process that has connected or listens.
    public let processID: Int32
    /// The user that it ran as then.
    public let userID: UInt32
    /// The group that it ran as then.
    public let groupID: UInt32
  }

  /// Takes over a connected socket, makes it non-blocking, and closes it later, also when this throws.
  ///
  /// - Throws: `IOError` when it is no open descriptor.
  public convenience init(adopting number: CInt) throws { self.init(try Descriptor(adopting: number)) }

  /// Connects to the socket at `path`.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// The attempt is ended and its socket closed.
  public static func connect(path: String) async throws -> UnixStream { try await connect(to: .path(path)) }

  /// Connects to an address, which may be abstract.
  ///
  /// Waits where the listener's queue is full.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// The attempt is ended and its socket closed.
  public static func connect(to address: UnixAddress) async throws -> UnixStream {
    try Task.checkCancellation()
    let number = try Socket.make(AF_UNIX, SOCK_STREAM)
    do {
      while true {
        let started = unsafe try address.withSockaddr { unsafe Glibc.connect(number, $0, $1) }
        let failure = started == 0 ? 0 : errno
        if failure == 0 { break }
        // A full queue is no event of this socket, so that there is nothing to wait for but time.
        guard failure == EAGAIN else {
          throw IOError(.system, errno: failure, operation: "connect", detail: "\(address)")
        }
        try await sleep(for: .milliseconds(5))
      }
    } catch {
      Glibc.close(number)
      throw error
    }
    return UnixStream(try Descriptor(number))
  }

  /// Makes two streams that are connected with each other (`socketpair`).
  ///
  /// - Returns: The two ends, which are alike.
  /// - Throws: `IOError` when the system has no descriptors left.
  public static func pair() throws -> (UnixStream, UnixStream) {
    var numbers: [CInt] = [-1, -1]
    let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, type, 0, &numbers) == 0 else {
      throw IOError(.system, errno: errno, operation: "socketpair")
    }
    let first: UnixStream
    do {
      first = UnixStream(try Descriptor(numbers[0]))
    } catch {
      Glibc.close(numbers[1])
      throw error
    }
    return (first, UnixStream(try Descriptor(numbers[1])))
  }

  /// The address of this end.
  ///
  /// - Throws: `IOError` when the stream is closed.
  public var localAddress: UnixAddress {
    get throws {
      try descriptor.withNumber("getsockname") { number throws(IOError) in
        unsafe try UnixAddress.filled(by: "getsockname") { unsafe getsockname(number, $0, $1) }
      }
    }
  }

  /// The address of the other end.
  ///
  /// - Throws: `IOError` when the stream is closed or no longer connected.
  public var remoteAddress: UnixAddress {
    get throws {
      try descriptor.withNumber("getpeername") { number throws(IOError) in
        unsafe try UnixAddress.filled(by: "getpeername") { unsafe getpeername(number, $0, $1) }
      }
    }
  }

  /// Who is at the other end, as the kernel noted it when the connection was made.
  ///
  /// - Throws: `IOError` when the stream is closed.
  public var peerCredentials: PeerCredentials {
    get throws {
      try descriptor.withNumber("getsockopt") { number throws(IOError) in
        var (process, user, group): (CInt, CUnsignedInt, CUnsignedInt) = (0, 0, 0)
        guard unsafe casyncio_peer_credentials(number, &process, &user, &group) == 0 else {
          throw IOError(.system, errno: errno, operation: "getsockopt")
        }
        return PeerCredentials(processID: process, userID: user, groupID: group)
      }
    }
  }
}

extension UnixStream: CustomStringConvertible {
  /// Both addresses, such as `UnixStream(unnamed → /run/service.sock)`.
  public var description: String {
    guard let local = try? localAddress, let remote = try? remoteAddress else { return "UnixStream(closed)" }
    return "UnixStream(\(local) → \(remote))"
  }
}
