import AsyncIORuntime

/// A TCP connection.
///
/// ```swift
/// let stream = try await TCPStream.connect(host: "localhost", port: 7)
/// try await stream.write("hello")
/// let answer = try await stream.read(atMost: 1024)
/// stream.close()
/// ```
///
/// A stream that is dropped is closed.
public final class TCPStream: SocketStream, @unchecked Sendable {
  // Sendable: as its superclass, to which it adds no property.

  /// Takes over a connected socket, makes it non-blocking, and closes it later, also when this throws (asyncio's `sock=`).
  ///
  /// - Throws: `IOError` when it is no open descriptor.
  public convenience init(adopting number: CInt) throws { self.init(try Descriptor(adopting: number)) }

  /// The address of this end.
  ///
  /// - Throws: `IOError` when the stream is closed.
  public var localAddress: SocketAddress { get throws { try Socket.localAddress(descriptor) } }

  /// The address of the other end.
  ///
  /// - Throws: `IOError` when the stream is closed or no longer connected.
  public var remoteAddress: SocketAddress { get throws { try Socket.remoteAddress(descriptor) } }
}

extension TCPStream: CustomStringConvertible {
  /// Both addresses, such as `TCPStream(127.0.0.1:4711 → 127.0.0.1:80)`.
  public var description: String {
    guard let local = try? localAddress, let remote = try? remoteAddress else { return "TCPStream(closed)" }
    return "TCPStream(\(local) → \(remote))"
  }
}
