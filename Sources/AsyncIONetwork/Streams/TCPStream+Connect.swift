// Connecting, by RFC 8305 (Happy Eyeballs): the addresses of a name are tried in an order in which their families alternate, the
// next one as soon as the one before has failed or has had a head start; the first connection wins, the others are closed.
//
// The error names each address that was tried and why it failed. Attempts are noted in a journal rather than gathered from errors,
// as an attempt that a deadline ends has no error of its own.

import AsyncIOCoordination
import AsyncIORuntime
import Glibc
import Synchronization

extension TCPStream {
  /// Connects to `host`, by name or numeric address, on `port`.
  ///
  /// All addresses of the name are tried, IPv6 and IPv4 in turn, each a moment after the one before (RFC 8305): one that does not
  /// answer delays the connection by that moment and no more.
  ///
  /// ```swift
  /// let stream = try await TCPStream.connect(host: "example.org", port: 80, timeout: .seconds(10))
  /// ```
  ///
  /// - Parameters:
  ///   - host: A name, or a numeric IPv4 or IPv6 address.
  ///   - port: The port.
  ///   - attemptDelay: How long an attempt has before the next address is tried beside it.
  ///   - attemptTimeout: How long each attempt may take; as long as the system lets it if nil.
  ///   - timeout: How long all attempts together may take, from when the name is resolved; nil for no limit.
  ///   - source: The address of this end, with port 0 for any (asyncio's `local_addr`); the system's choice if nil. Addresses of
  ///     another family are passed over.
  /// - Returns: The connection that was made first.
  /// - Throws: `IOError`, whose text says of each address why it failed, with `ETIMEDOUT` where time was the reason;
  ///   `CancellationError`.
  ///
  /// ## Cancellation
  /// The attempts under way are ended and their sockets closed. A name that is being resolved is waited for.
  public static func connect(
    host: String, port: Int, attemptDelay: Duration = .milliseconds(250), attemptTimeout: Duration? = nil,
    timeout: Duration? = nil, from source: SocketAddress? = nil
  ) async throws -> TCPStream {
    try await connect(
      toAnyOf: resolve(host, port: port), of: "\(host):\(port)", attemptDelay: attemptDelay,
      attemptTimeout: attemptTimeout, timeout: timeout, from: source)
  }

  /// Connects to the first of `addresses`, those of `name`, that takes the connection.
  package static func connect(
    toAnyOf addresses: [SocketAddress], of name: String, attemptDelay: Duration = .milliseconds(250),
    attemptTimeout: Duration? = nil, timeout: Duration? = nil, from source: SocketAddress? = nil
  ) async throws -> TCPStream {
    let journal = ConnectJournal()
    let usable = addresses.filter { source == nil || $0.family == source?.family }
    guard !usable.isEmpty else {
      throw IOError(
        .invalid, operation: "connect",
        detail: "\(name): no address is of the family of \(source?.description ?? "any")")
    }
    let attempt: @Sendable (SocketAddress) async throws -> TCPStream = { address in
      try await Self.attempt(address, attemptTimeout, journal, from: source)
    }
    do {
      guard let timeout else { return try await race(usable, attemptDelay, attempt) }
      return try await withTimeout(timeout) { try await race(usable, attemptDelay, attempt) }
    } catch is TimeoutError {
      throw IOError(
        .system, errno: ETIMEDOUT, operation: "connect", detail: "\(name) (\(journal.summary))")
    } catch let error as IOError {
      throw error
    } catch let error as ErrorGroup {
      // Anything that is not about an address is not hidden behind those that are.
      guard error.errors.allSatisfy({ $0 is IOError }) else { throw error }
      throw IOError(.system, operation: "connect", detail: "\(name): \(journal.summary)")
    }
  }

  private static func race(
    _ addresses: [SocketAddress], _ delay: Duration,
    _ attempt: @escaping @Sendable (SocketAddress) async throws -> TCPStream
  ) async throws -> TCPStream {
    if addresses.count == 1 { return try await attempt(addresses[0]) }
    return try await staggeredRace(inTurns(addresses), delay: delay, attempt).value
  }

  private static func attempt(
    _ address: SocketAddress, _ timeout: Duration?, _ journal: ConnectJournal, from source: SocketAddress?
  ) async throws -> TCPStream {
    journal.begin(address)
    do {
      guard let timeout else { return try await connect(to: address, from: source) }
      return try await withTimeout(timeout) { try await connect(to: address, from: source) }
    } catch is TimeoutError {
      let error = IOError(.system, errno: ETIMEDOUT, operation: "connect", detail: "\(address)")
      journal.end(address, error)
      throw error
    } catch let error as IOError {
      journal.end(address, error)
      throw error
    }
  }

  /// The addresses in an order in which families take turns, the first one's first (RFC 8305, section 4).
  static func inTurns(_ addresses: [SocketAddress]) -> [SocketAddress] {
    guard let first = addresses.first else { return [] }
    var (ours, others) = (
      addresses.filter { $0.family == first.family }[...], addresses.filter { $0.family != first.family }[...]
    )
    var result: [SocketAddress] = []
    while !ours.isEmpty || !others.isEmpty {
      if let address = ours.popFirst() { result.append(address) }
      if let address = others.popFirst() { result.append(address) }
    }
    return result
  }

  /// Connects to one address.
  ///
  /// - Parameters:
  ///   - address: Where to.
  ///   - source: The address of this end, with port 0 for any (asyncio's `local_addr`); the system's choice if nil.
  /// - Returns: The connection.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// The attempt is ended and its socket closed.
  public static func connect(to address: SocketAddress, from source: SocketAddress? = nil) async throws
    -> TCPStream
  {
    try Task.checkCancellation()
    let number = try Socket.makeStream(for: address)
    Socket.disableNagle(number)
    if let source, unsafe source.withSockaddr({ unsafe bind(number, $0, $1) }) != 0 {
      let failure = errno
      Glibc.close(number)
      throw IOError(.system, errno: failure, operation: "bind", detail: "\(source)")
    }
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

/// What has become of each attempt to connect, in the order in which they began.
private final class ConnectJournal: Sendable {
  private struct Entry {
    let address: SocketAddress
    var error: IOError?
  }

  private let entries = Mutex<[Entry]>([])

  func begin(_ address: SocketAddress) {
    entries.withLock { $0.append(Entry(address: address)) }
  }

  func end(_ address: SocketAddress, _ error: IOError) {
    entries.withLock { entries in
      guard let index = entries.firstIndex(where: { $0.address == address && $0.error == nil }) else {
        return
      }
      entries[index].error = error
    }
  }

  /// A part of a sentence for each attempt.
  var summary: String {
    entries.withLock { $0 }
      .map { $0.error?.description ?? "connect \($0.address): no answer yet" }
      .joined(separator: "; ")
  }
}
