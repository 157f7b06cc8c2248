// A byte stream over a byte stream: NIOSSL's handler in a hosted channel.
//
// The channel says who may do what at a time, and why nothing is lost (HostedChannel.swift). What is added here: bytes instead of
// messages, the handshake, the farewell, and errors that name their reason. Bytes that a write has given to the handler are
// encrypted, and so are sent as a whole record whatever happens to the writer, or the peer could read nothing any more.

internal import AsyncIOCoordination
public import AsyncIONetwork
internal import AsyncIORuntime
internal import NIOCore
import Synchronization

/// A TLS connection over another stream.
///
/// ```swift
/// let stream = try await TLSStream.connect(host: "example.org", port: 443)
/// try await stream.write("GET / HTTP/1.0\r\nHost: example.org\r\n\r\n")
/// while case let bytes = try await stream.read(atMost: 65_536), !bytes.isEmpty { … }
/// await stream.close()
/// ```
///
/// It is a stream as any other: two tasks may use it, one for each direction. The end of the stream is the peer's farewell;
/// where the connection ends without one, reading throws `TLSError` with the code `truncated`, since somebody may have cut it.
/// One that is dropped is closed without a farewell.
public final class TLSStream<Base: ByteStream>: ByteStream {
  typealias Handler = NIOSSLHandler

  let channel: HostedChannel<Base, ByteBuffer, ByteBuffer>
  private let handler: NIOLoopBound<NIOSSLHandler>
  private let observer: NIOLoopBound<HandshakeObserver>
  private let context: TLSContext
  private let serverName: String?
  private let hasRead = Atomic<Bool>(false)

  /// How many bytes are encrypted and sent at once: four records.
  private static var writeSize: Int { 65_536 }

  /// Puts a handler of TLS on a stream; the handshake is still to be done.
  init(over base: Base, context: TLSContext, serverName: String?) throws {
    self.context = context
    self.serverName = serverName
    let handler = try Self.makeHandler(context, serverName)
    let observer = HandshakeObserver()
    channel = try HostedChannel(base, remoteAddress: Self.address(serverName)) { pipeline in
      try pipeline.addHandlers([handler, observer])
    }
    let loop = channel.host.loop
    channel.host.loop.run { [host = channel.host] in host.allowsHalfClosure = true }
    (self.handler, self.observer) = loop.run {
      (NIOLoopBound(handler, eventLoop: loop), NIOLoopBound(observer, eventLoop: loop))
    }
  }

  /// The peer's address as the handler shall see it: where no name is to be verified, it verifies this.
  private static func address(_ serverName: String?) -> NIOCore.SocketAddress? {
    guard let serverName else { return nil }
    // With a name it only asks whether there is an address; that of a nameless local socket matches no certificate.
    return (try? NIOCore.SocketAddress(ipAddress: serverName, port: 0))
      ?? (try? NIOCore.SocketAddress(unixDomainSocketPath: ""))
  }

  private static func makeHandler(_ context: TLSContext, _ serverName: String?) throws -> NIOSSLHandler {
    guard context.side == .client else { return NIOSSLServerHandler(context: context.context) }
    let isAddress = serverName.map { (try? NIOCore.SocketAddress(ipAddress: $0, port: 0)) != nil } ?? true
    do {
      // An address is not sent as a name (RFC 6066).
      return try NIOSSLClientHandler(context: context.context, serverHostname: isAddress ? nil : serverName)
    } catch {
      throw TLSError(
        .badConfiguration, "\((serverName ?? "").debugDescription) cannot be the name of a server",
        cause: error)
    }
  }

  /// The stream below.
  public var base: Base { channel.stream }

  /// The application protocol that both sides have chosen (ALPN), such as `h2`.
  public var negotiatedProtocol: String? { channel.host.loop.run { observer.value.negotiatedProtocol } }

  /// The protocol's version.
  public var version: TLSVersion? { channel.host.loop.run { handler.value.tlsVersion } }

  /// The certificate that the peer has shown.
  public var peerCertificate: NIOSSLCertificate? { channel.host.loop.run { handler.value.peerCertificate } }

  /// Whether it was closed or aborted here.
  public var isClosed: Bool { channel.isClosed }

  /// Whether something was decrypted that nobody has read, or the peer has said farewell, as far as is known without reading.
  package var hasPendingInput: Bool { channel.hasPendingInput }

  // MARK: The handshake

  /// Does the handshake; the stream below is closed if it fails.
  ///
  /// - Parameter buffered: Bytes of the peer that were read already.
  /// - Throws: `TLSError`, `IOError`, `CancellationError`.
  func shakeHands(_ buffered: [UInt8]) async throws {
    do {
      try await withTimeout(context.handshakeTimeout) { try await exchangeFlights(buffered) }
    } catch let error where error is TimeoutError || error is CancellationError {
      abort()
      guard error is TimeoutError else { throw error }
      throw TLSError(
        .handshakeTimeout, "the peer has not completed the handshake within \(context.handshakeTimeout)")
    } catch {
      // What is wrong has been told to the peer, and shall arrive.
      if channel.beginClose() { await channel.endClose() }
      throw explained(error)
    }
  }

  private func exchangeFlights(_ buffered: [UInt8]) async throws {
    let host = channel.host
    if !buffered.isEmpty { host.loop.run { host.receive(buffered) } }
    while true {
      try await channel.sendRest()
      let (isDone, failure) = host.loop.run { (observer.value.isDone, host.failure) }
      if let failure { throw failure }
      if isDone { return }
      try await channel.readMore()
    }
  }

  /// The error with its reason, for those of the handler.
  private func explained(_ error: any Error) -> any Error {
    TLSError.explaining(error, peer: peerCertificate, serverName: serverName)
  }

  // MARK: Reading

  /// Reads what is there into `buffer`, and waits if nothing is.
  ///
  /// - Throws: `TLSError`, with the code `truncated` when the connection ends without the peer's farewell; `IOError`;
  ///   `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  @unsafe
  public func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    precondition(buffer.count > 0, "read(into:) needs room for at least one byte")
    return unsafe try await receive { bytes in
      unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(buffer.count)))
      return min(bytes.count, buffer.count)
    }
  }

  /// Reads what is there and appends it to `bytes`, at most `limit` bytes; waits if nothing is there.
  ///
  /// - Throws: `TLSError`, with the code `truncated` when the connection ends without the peer's farewell; `IOError`;
  ///   `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  public func read(appendingTo bytes: inout [UInt8], atMost limit: Int) async throws -> Int {
    precondition(limit > 0, "read(appendingTo:atMost:) needs a limit of at least 1, not \(limit)")
    return unsafe try await receive { there in
      unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: there.prefix(limit)))
      return min(there.count, limit)
    }
  }

  /// Waits for bytes, and lets `take` copy some of them and say how many; 0 at the end.
  private func receive(_ take: (UnsafeRawBufferPointer) -> Int) async throws -> Int {
    do {
      let count: Int? = try await channel.receive("read") { buffers in
        guard let first = buffers.first else { return nil }
        let count = unsafe first.withUnsafeReadableBytes { unsafe take($0) }
        if count == first.readableBytes {
          buffers.removeFirst()
        } else {
          buffers[buffers.startIndex].moveReaderIndex(forwardBy: count)
        }
        return count
      }
      hasRead.store(true, ordering: .relaxed)
      return count ?? 0
    } catch {
      throw explained(error)
    }
  }

  // MARK: Writing

  /// Writes some of `bytes`: at most 65,536, when what was written before has gone.
  ///
  /// - Throws: `TLSError`; `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been written when it throws; the call may be repeated.
  public func writeSome(_ bytes: ArraySlice<UInt8>) async throws -> Int {
    precondition(!bytes.isEmpty, "writeSome needs at least one byte")
    let part = bytes.prefix(Self.writeSize)
    _ = try await send(ByteBuffer(bytes: part))
    return part.count
  }

  /// Writes all of `bytes`, and waits whenever there is no room for more.
  ///
  /// - Throws: `TLSError`; `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Some of the bytes may have been written when it throws; `write(_:progress:)` says how many.
  public func write(_ bytes: ArraySlice<UInt8>) async throws {
    var rest = bytes
    while !rest.isEmpty {
      guard try await send(ByteBuffer(bytes: rest.prefix(Self.writeSize))) else { throw CancellationError() }
      rest = rest.dropFirst(Self.writeSize)
    }
  }

  /// Writes all of `bytes`, and waits whenever there is no room for more.
  ///
  /// - Throws: `TLSError`; `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `write` of an array.
  @unsafe
  public func write(_ bytes: UnsafeRawBufferPointer) async throws {
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
      let part = unsafe ByteBuffer(bytes: rest.prefix(Self.writeSize))
      guard try await send(part) else { throw CancellationError() }
      unsafe rest = unsafe rest.dropFirst(Self.writeSize)
    }
  }

  /// Writes all of several pieces, small ones together in one record.
  ///
  /// - Throws: `TLSError`; `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `write` of an array.
  public func write(parts: [[UInt8]]) async throws {
    var gathered = ByteBuffer()
    for part in parts {
      var rest = part[...]
      while !rest.isEmpty {
        let count = min(rest.count, Self.writeSize - gathered.readableBytes)
        gathered.writeBytes(rest.prefix(count))
        rest = rest.dropFirst(count)
        guard gathered.readableBytes == Self.writeSize else { continue }
        guard try await send(gathered) else { throw CancellationError() }
        gathered = ByteBuffer()
      }
    }
    if gathered.readableBytes > 0 {
      guard try await send(gathered) else { throw CancellationError() }
    }
  }

  /// Encrypts and sends; false if the task was cancelled when the bytes had been taken.
  private func send(_ bytes: ByteBuffer) async throws -> Bool {
    do {
      return try await channel.put("write") { pipeline, _ in
        pipeline.writeAndFlush(NIOAny(bytes), promise: nil)
      }
    } catch {
      throw explained(error)
    }
  }

  // MARK: Ending

  /// Tells the peer that nothing more will be written; reading goes on.
  ///
  /// Many peers then end their side too: versions before TLS 1.3 demand it.
  ///
  /// - Throws: `IOError` with the code `closed`; `TLSError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// The farewell is sent nevertheless when it throws later than at once.
  public func closeWriting() async throws {
    if isClosed { throw IOError(.closed, operation: "shutdown") }
    if channel.host.loop.run({ channel.host.hasOutputEnded }) { return }
    do {
      let isSent = try await channel.put("shutdown") { pipeline, _ in
        pipeline.close(mode: .output, promise: nil)
      }
      if !isSent { throw CancellationError() }
    } catch {
      throw explained(error)
    }
  }

  /// Says farewell, waits until what was written is sent, and closes the stream below.
  ///
  /// Idempotent. It does not wait for the peer's farewell (RFC 8446, 6.1), nor longer than the context's `closeTimeout`.
  ///
  /// ## Cancellation
  /// It is closed in any case; what could not be sent without waiting is lost, and the peer finds the connection truncated.
  public func close() async {
    guard channel.beginClose() else { return }
    try? await withTimeout(context.closeTimeout) {
      try await channel.beginSending()
      channel.host.loop.run {
        guard channel.host.isOpen, !channel.host.hasOutputEnded else { return }
        channel.host.pipeline.syncOperations.close(mode: .output, promise: nil)
      }
      try await channel.send()
      try await takeTickets()
    }
    await channel.endClose()
  }

  /// Reads what the server has sent unasked, if nobody has read at all.
  ///
  /// A socket that is closed with unread bytes resets the connection, and what was written may be lost on its way.
  private func takeTickets() async throws {
    guard context.side == .client, !hasRead.load(ordering: .relaxed), version == .tlsv13 else { return }
    try await channel.readMore()
  }

  /// Closes the stream below at once, without a farewell: the peer finds the connection reset or truncated.
  ///
  /// Idempotent.
  public func abort() { channel.abort() }
}
