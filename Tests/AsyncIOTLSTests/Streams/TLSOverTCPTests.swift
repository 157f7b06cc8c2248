import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import AsyncIOTesting
import Synchronization
import Testing

@Suite(.realTime, .deadline(.seconds(60)), .closesDescriptors) struct TLSOverTCPTests {
  /// Runs `body` with the port of a server that echoes.
  private func withEcho(
    _ context: TLSContext? = nil, onHandshakeFailure: (@Sendable (TLSError, TCPStream) -> Void)? = nil,
    _ body: (Int) async throws -> Void
  ) async throws {
    let listener = try TCPListener(port: 0)
    let context = try context ?? TestCertificates.server()
    let serving = Task {
      try await listener.serve(tls: context, onHandshakeFailure: onHandshakeFailure) { try await $0.echo() }
    }
    try await body(listener.localAddress.port)
    listener.close()
    try await serving.value
  }

  @Test func `many clients at once`() async throws {
    let context = try TestCertificates.client()
    try await withEcho { port in
      let bytes = pattern(200_000)
      let answers = try await gather(0..<20) { _ in
        let stream = try await TLSStream.connect(host: "127.0.0.1", port: port, context: context)
        async let writing: Void = { @Sendable in
          try await stream.write(bytes)
          try await stream.closeWriting()
        }()
        let answer = try await stream.readToEnd()
        try await writing
        await stream.close()
        return answer
      }
      #expect(answers.allSatisfy { $0 == bytes })
    }
  }

  @Test func `what was written before the end arrives, also from a client that never reads`() async throws {
    let listener = try TCPListener(port: 0)
    let (server, client) = (try TestCertificates.server(), try TestCertificates.client())
    let bytes = pattern(3_000_000)
    async let received = { @Sendable in
      let stream = try await TLSStream.server(over: try await listener.accept(), context: server)
      return try await stream.readToEnd()
    }()
    let stream = try await TLSStream.connect(
      host: "127.0.0.1", port: listener.localAddress.port, context: client)
    try await stream.write(bytes)
    await stream.close()
    #expect(try await received == bytes)
  }

  @Test func `a client that is refused does not disturb the others`() async throws {
    let refusals = Mutex<[TLSError.Code]>([])
    let refused: @Sendable (TLSError, TCPStream) -> Void = { error, _ in
      refusals.withLock { $0.append(error.code) }
    }
    try await withEcho(onHandshakeFailure: refused) { port in
      let plain = try await TCPStream.connect(host: "127.0.0.1", port: port)
      try await plain.write("GET / HTTP/1.0\r\n\r\n")
      _ = try await plain.readToEnd()
      await #expect(throws: TLSError.self) {
        try await TLSStream.connect(host: "127.0.0.1", port: port, context: TLSContext.client())
      }
      let stream = try await TLSStream.connect(
        host: "127.0.0.1", port: port, context: TestCertificates.client())
      try await stream.write("x")
      #expect(try await stream.read(atMost: 1) == Array("x".utf8))
      await stream.close()
    }
    #expect(refusals.withLock { $0 } == [.handshakeFailed, .certificateRefused])
  }

  @Test func `over a Unix socket, to a server by its path`() async throws {
    let path = "/tmp/swift-asyncio-tls-\(UInt64.random(in: 0 ... .max))"
    let listener = try UnixListener(path: path)
    let context = try TestCertificates.server()
    let serving = Task {
      try await listener.serve { plain in
        let stream = try await TLSStream.server(over: plain, context: context)
        try await stream.echo()
        await stream.close()
      }
    }
    let stream = try await TLSStream.client(
      over: UnixStream.connect(path: path), serverName: "server.test", context: TestCertificates.client())
    try await stream.write("over a path")
    try await stream.closeWriting()
    #expect(try await stream.readToEnd() == Array("over a path".utf8))
    await stream.close()
    listener.close()
    try await serving.value
  }
}
