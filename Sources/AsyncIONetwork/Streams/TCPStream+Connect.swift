// Connecting. The addresses of a name are tried one after another; the error names each that was tried and why it failed.

import AsyncIORuntime
import Glibc

extension TCPStream {
  /// Connects to `host`, by name or numeric address, on `port`.
  ///
  /// All addresses of the name are tried, in the resolver's order.
  ///
  /// - Throws: `IOError`, whose text says of each address why it failed; `CancellationError`.
  ///
  /// ## Cancellation
  /// The attempt under way is ended and its socket closed. A name that is being resolved is waited for.
  public static func connect(host: String, port: Int) async throws -> TCPStream {
    try await connect(toAnyOf: resolve(host, port: port), of: "\(host):\(port)")
  }

  /// Connects to the first of `addresses`, those of `name`, that takes the connection.
  static func connect(toAnyOf addresses: [SocketAddress], of name: String) async throws -> TCPStream {
    var failures: [IOError] = []
    for address in addresses {
      do {
        return try await connect(to: address)
      } catch let error as IOError {
        failures.append(error)
      }
    }
    if failures.count == 1, let only = failures.first { throw only }
    throw IOError(
      .system, errno: nil, operation: "connect",
      detail: "\(name): " + failures.map(\.description).joined(separator: "; "))
  }

  /// Connects to one address.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// The attempt is ended and its socket closed.
  public static func connect(to address: SocketAddress) async throws -> TCPStream {
    try Task.checkCancellation()
    let number = try Socket.makeStream(for: address)
    Socket.disableNagle(number)
    // Before it is registered, so that its first event is that of the connection.
    let started = unsafe address.withSockaddr { unsafe Glibc.connect(number, $0, $1) }
    let failure = started == 0 ? 0 : errno
    guard failure == 0 || failure == EINPROGRESS else {
      Glibc.close(number)
      throw IOError(.system, errno: failure, operation: "connect", detail: "\(address)")
    }
    let descriptor = try Descriptor(number)
    if failure == EINPROGRESS {
      descriptor.expectEvent(.write)
      do {
        try await descriptor.waitUntilReady(.write, "connect")
      } catch {
        descriptor.close()
        throw error
      }
      let outcome = try descriptor.withNumber("connect") { Socket.pendingError($0) }
      guard outcome == 0 else {
        descriptor.close()
        throw IOError(.system, errno: outcome, operation: "connect", detail: "\(address)")
      }
    }
    return TCPStream(descriptor)
  }
}
