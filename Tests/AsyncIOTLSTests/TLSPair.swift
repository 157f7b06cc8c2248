import AsyncIONetwork
import AsyncIOTLS

/// Both ends of a TLS connection over two ends of a plain one.
struct TLSPair<Base: ByteStream>: Sendable {
  let client: TLSStream<Base>
  let server: TLSStream<Base>

  init(
    over ends: (Base, Base), serverName: String = "server.test", clientContext: TLSContext? = nil,
    serverContext: TLSContext? = nil
  ) async throws {
    let serverContext = try serverContext ?? TestCertificates.server()
    let clientContext = try clientContext ?? TestCertificates.client()
    async let server = TLSStream.server(over: ends.1, context: serverContext)
    do {
      client = try await TLSStream.client(over: ends.0, serverName: serverName, context: clientContext)
    } catch {
      _ = try? await server
      throw error
    }
    self.server = try await server
  }
}

extension TLSPair where Base == MemoryStream {
  init(
    capacity: Int = 65_536, serverName: String = "server.test", clientContext: TLSContext? = nil,
    serverContext: TLSContext? = nil
  ) async throws {
    try await self.init(
      over: MemoryStream.pair(capacity: capacity), serverName: serverName, clientContext: clientContext,
      serverContext: serverContext)
  }
}

/// The errors that both sides of a handshake end with; nil for one that succeeds.
func handshakeErrors(
  serverName: String = "server.test", client: TLSContext, server: TLSContext
) async -> (client: TLSError?, server: TLSError?) {
  let ends = MemoryStream.pair()
  async let serverError: TLSError? = {
    do {
      let stream = try await TLSStream.server(over: ends.1, context: server)
      // A client's certificate is refused when the client is done already, and finds it when it reads.
      try await stream.write("hello")
      return nil
    } catch {
      return error as? TLSError
    }
  }()
  var clientError: TLSError?
  do {
    let stream = try await TLSStream.client(over: ends.0, serverName: serverName, context: client)
    _ = try await stream.read(atMost: 100)
  } catch {
    clientError = error as? TLSError
  }
  return (clientError, await serverError)
}

extension ByteStream {
  /// Reads until the peer has ended its side.
  func readToEnd() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while try await read(appendingTo: &bytes, atMost: 65_536) > 0 {}
    return bytes
  }

  /// Writes back what is read, until the peer has ended its side.
  func echo() async throws {
    while case let bytes = try await read(atMost: 65_536), !bytes.isEmpty { try await write(bytes) }
  }
}

/// Bytes of which no two neighbouring stretches are alike.
func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) }
}
