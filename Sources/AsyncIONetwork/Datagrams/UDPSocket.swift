// UDP: messages that arrive whole or not at all. Sending is awaited, so that a sender that is too fast for its own machine waits
// instead of losing what the system has no room for; what the network loses is lost.

import AsyncIORuntime
import Glibc

/// A UDP socket.
///
/// ```swift
/// let socket = try UDPSocket(port: 5353)
/// for try await datagram in socket {
///   try await socket.send(datagram.bytes, to: datagram.address)
/// }
/// ```
///
/// Two tasks may use it at a time, one for each direction. One that is dropped is closed.
public final class UDPSocket: Sendable {
  let descriptor: Descriptor

  init(_ number: CInt) throws { descriptor = try Descriptor(number) }

  /// Binds to an address of this machine.
  ///
  /// - Parameters:
  ///   - host: A numeric address of this machine; `0.0.0.0` or `::` for all.
  ///   - port: The port; 0 lets the system choose.
  ///   - sharesPort: Whether other sockets of the same user may bind to the same address (`SO_REUSEPORT`).
  ///   - allowsBroadcast: Whether it may send to broadcast addresses.
  /// - Throws: `IOError`, as when the port is in use.
  public convenience init(
    host: String = "127.0.0.1", port: Int = 0, sharesPort: Bool = false, allowsBroadcast: Bool = false
  ) throws {
    let address = try SocketAddress(ip: host, port: port)
    let number = try Socket.make(address.family, SOCK_DGRAM)
    if sharesPort { Socket.enable(SO_REUSEPORT, level: SOL_SOCKET, on: number) }
    if allowsBroadcast { Socket.enable(SO_BROADCAST, level: SOL_SOCKET, on: number) }
    guard unsafe address.withSockaddr({ unsafe bind(number, $0, $1) }) == 0 else {
      let failure = errno
      Glibc.close(number)
      throw IOError(.system, errno: failure, operation: "bind", detail: "\(address)")
    }
    try self.init(number)
  }

  /// Makes a socket that exchanges datagrams with one peer only, by name or numeric address.
  ///
  /// Nothing is sent by that. When the peer's machine says that nobody listens there, a later call throws `ECONNREFUSED`.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// A name that is being resolved is waited for.
  public static func connect(host: String, port: Int) async throws -> UDPSocket {
    let addresses = try await resolve(host, port: port)
    return try connect(to: addresses[0])
  }

  /// Makes a socket that exchanges datagrams with one peer only.
  ///
  /// - Throws: `IOError`.
  public static func connect(to address: SocketAddress) throws -> UDPSocket {
    let number = try Socket.make(address.family, SOCK_DGRAM)
    guard unsafe address.withSockaddr({ unsafe Glibc.connect(number, $0, $1) }) == 0 else {
      let failure = errno
      Glibc.close(number)
      throw IOError(.system, errno: failure, operation: "connect", detail: "\(address)")
    }
    return try UDPSocket(number)
  }

  /// The address of this end.
  ///
  /// - Throws: `IOError` when the socket is closed.
  public var localAddress: SocketAddress { get throws { try Socket.localAddress(descriptor) } }

  /// The address of the peer.
  ///
  /// - Throws: `IOError` when the socket is closed, or was not made by `connect`.
  public var remoteAddress: SocketAddress { get throws { try Socket.remoteAddress(descriptor) } }

  // MARK: One datagram

  /// Sends one datagram to the peer of a connected socket, and waits while the system has no room for it.
  ///
  /// - Throws: `IOError`, with `EMSGSIZE` for more than 65,507 bytes over IPv4 and with `EDESTADDRREQ` where there is no peer;
  ///   `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been sent when it throws.
  public func send(_ bytes: [UInt8]) async throws { try await send(bytes, optionallyTo: nil) }

  /// Sends one datagram, and waits while the system has no room for it.
  ///
  /// - Throws: `IOError`, with `EMSGSIZE` for more than 65,507 bytes over IPv4; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been sent when it throws.
  public func send(_ bytes: [UInt8], to address: SocketAddress) async throws {
    try await send(bytes, optionallyTo: address)
  }

  private func send(_ bytes: [UInt8], optionallyTo address: SocketAddress?) async throws {
    if descriptor.isOverBudget { try await checkpoint() }
    while try unsafe bytes.withUnsafeBytes({ unsafe try trySend($0, to: address) }) == nil {
      try await descriptor.waitUntilReady(.write, "send")
    }
  }

  private func trySend(_ bytes: UnsafeRawBufferPointer, to address: SocketAddress?) throws -> Int? {
    let flags = CInt(MSG_NOSIGNAL)
    return try descriptor.attempt(.write, "send") { number in
      guard let address else { return unsafe Glibc.send(number, bytes.baseAddress, bytes.count, flags) }
      return unsafe address.withSockaddr {
        unsafe sendto(number, bytes.baseAddress, bytes.count, flags, $0, $1)
      }
    } isDrained: { _ in
      false
    }
  }

  /// Waits for the next datagram.
  ///
  /// - Parameter limit: How many bytes of it to take at most; what is longer is cut, and says so.
  /// - Returns: The datagram; it may be empty.
  /// - Throws: `IOError`, with `ECONNREFUSED` when an earlier datagram found nobody; `CancellationError`.
  ///
  /// ## Cancellation
  /// No datagram has been taken when it throws; the call may be repeated.
  public func receive(atMost limit: Int = 65_535) async throws -> Datagram {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Swift.max(limit, 1), alignment: 64)
    defer { unsafe memory.deallocate() }
    let (length, address) = unsafe try await receive(into: memory)
    let bytes = unsafe [UInt8](UnsafeRawBufferPointer(rebasing: memory[..<Swift.min(length, limit)]))
    return Datagram(bytes, address, isTruncated: length > limit)
  }

  /// Waits for the next datagram, and puts it into memory that may be used again and again.
  ///
  /// - Parameter buffer: Memory that stays valid until this returns.
  /// - Returns: How many bytes the datagram has, which may be more than there was room for, and who has sent it.
  /// - Throws: As `receive(atMost:)`.
  ///
  /// ## Cancellation
  /// No datagram has been taken when it throws; the call may be repeated.
  @unsafe
  public func receive(
    into buffer: UnsafeMutableRawBufferPointer
  ) async throws -> (length: Int, address: SocketAddress) {
    if descriptor.isOverBudget { try await checkpoint() }
    while true {
      var storage = sockaddr_storage()
      var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let length = try descriptor.attempt(.read, "receive") { number in
        unsafe SocketAddress.withStorage(&storage) {
          unsafe recvfrom(
            number, buffer.baseAddress, buffer.count, CInt(MSG_TRUNC | MSG_DONTWAIT), $0, &size)
        }
      } isDrained: { _ in
        false
      }
      if let length { return (length, SocketAddress(storage, length: size)) }
      try await descriptor.waitUntilReady(.read, "receive")
    }
  }

  // MARK: Ending

  /// Whether the socket was closed here.
  public var isClosed: Bool { descriptor.isClosed }

  /// Closes the socket: tasks that wait for it throw `IOError` with the code `closed`.
  ///
  /// Idempotent.
  public func close() { descriptor.close() }
}

extension UDPSocket: AsyncSequence {
  /// A datagram.
  public typealias Element = Datagram

  /// Makes an iterator over the datagrams that come.
  public func makeAsyncIterator() -> Iterator { Iterator(socket: self) }

  /// Gives datagrams until the socket is closed.
  public struct Iterator: AsyncIteratorProtocol {
    let socket: UDPSocket

    /// The next datagram; nil when the socket was closed.
    ///
    /// - Throws: `IOError`; `CancellationError`.
    ///
    /// ## Cancellation
    /// No datagram has been taken when it throws.
    public mutating func next() async throws -> Datagram? {
      do {
        return try await socket.receive()
      } catch let error as IOError where error.code == .closed {
        return nil
      }
    }
  }
}
