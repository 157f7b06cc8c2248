import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import AsyncIOTesting
import NIOCore
import Testing

@Suite(.virtualTime) struct TLSHandshakeTests {
  @Test func `both sides know what they have agreed on`() async throws {
    let client = try TestCertificates.client { $0.applicationProtocols = ["h2", "http/1.1"] }
    let server = try TestCertificates.server { $0.applicationProtocols = ["http/1.1"] }
    let pair = try await TLSPair(clientContext: client, serverContext: server)
    #expect(pair.client.negotiatedProtocol == "http/1.1")
    #expect(pair.server.negotiatedProtocol == "http/1.1")
    #expect(pair.client.version == .tlsv13)
    let shown = try NIOSSLCertificate.fromPEMFile(TestCertificates.path("server.pem"))
    #expect(pair.client.peerCertificate == shown[0])
    #expect(pair.server.peerCertificate == nil)
  }

  @Test(arguments: ["server.test", "any.wild.test", "localhost", "127.0.0.1", "::1"])
  func `a certificate is for names and for addresses`(_ name: String) async throws {
    let pair = try await TLSPair(serverName: name)
    try await pair.client.write("hello")
    #expect(try await pair.server.read(atMost: 100) == Array("hello".utf8))
  }

  @Test func `the server sees the name that the client asks for`() async throws {
    let (names, add) = AsyncStream<String>.makeStream()
    let server = try TestCertificates.server { configuration in
      configuration.sslContextCallback = { values, promise in
        add.yield(values.serverHostname ?? "none")
        promise.succeed(.noChanges)
      }
    }
    _ = try await TLSPair(serverName: "some.wild.test", serverContext: server)
    _ = try await TLSPair(serverName: "127.0.0.1", serverContext: server)
    add.finish()
    var seen: [String] = []
    for await name in names { seen.append(name) }
    #expect(seen == ["some.wild.test", "none"])
  }

  @Test func `a server may demand certificates of its clients`() async throws {
    let server = try TestCertificates.server { configuration in
      configuration.certificateVerification = .noHostnameVerification
      configuration.trustRoots = .file(TestCertificates.path("authority.pem"))
    }
    let client = try TestCertificates.client { try TestCertificates.show("client", &$0) }
    let pair = try await TLSPair(clientContext: client, serverContext: server)
    let shown = try NIOSSLCertificate.fromPEMFile(TestCertificates.path("client.pem"))
    #expect(pair.server.peerCertificate == shown[0])
    try await pair.server.write("welcome")
    #expect(try await pair.client.read(atMost: 100) == Array("welcome".utf8))
  }

  @Test func `TLS begins in the middle of a plain conversation`() async throws {
    let ends = MemoryStream.pair()
    async let server: [UInt8] = { @Sendable in
      #expect(try await ends.1.read(atMost: 10) == Array("STARTTLS\r\n".utf8))
      try await ends.1.write("220 go\r\n")
      // As a reader does that reads ahead: it has some of the handshake already.
      let ahead = try await ends.1.read(atMost: 20)
      #expect(ahead.count == 20)
      let stream = try await TLSStream.server(
        over: ends.1, context: TestCertificates.server(), buffered: ahead)
      try await stream.write("inside")
      return try await stream.readToEnd()
    }()
    try await ends.0.write("STARTTLS\r\n")
    #expect(try await ends.0.read(atMost: 100) == Array("220 go\r\n".utf8))
    let stream = try await TLSStream.client(
      over: ends.0, serverName: "server.test", context: TestCertificates.client())
    #expect(try await stream.read(atMost: 100) == Array("inside".utf8))
    try await stream.write("thanks")
    await stream.close()
    #expect(try await server == Array("thanks".utf8))
    #expect(stream.base === ends.0)
    #expect(ends.0.isClosed)
  }

  @Test func `TLS goes through TLS`() async throws {
    let outer = try await TLSPair()
    let inner = try await TLSPair(over: (outer.client, outer.server))
    let bytes = pattern(300_000)
    async let echo: Void = inner.server.echo()
    async let writing: Void = inner.client.write(bytes)
    var received: [UInt8] = []
    while received.count < bytes.count {
      _ = try await inner.client.read(appendingTo: &received, atMost: 65_536)
    }
    try await writing
    #expect(received == bytes)
    await inner.client.close()
    try await echo
  }

  @Test func `a peer that says nothing is given up after the handshake's time`() async throws {
    let (base, peer) = MemoryStream.pair()
    let start = LoopClock.now
    let error = await #expect(throws: TLSError.self) {
      try await TLSStream.client(
        over: base, serverName: "server.test",
        context: TestCertificates.client(handshakeTimeout: .seconds(10)))
    }
    #expect(error?.code == .handshakeTimeout)
    #expect(start.duration(to: .now) == .seconds(10))
    #expect(base.isClosed)
    withExtendedLifetime(peer) {}
  }

  @Test func `a timeout of the caller is the caller's`() async throws {
    let (base, peer) = MemoryStream.pair()
    await #expect(throws: TimeoutError(after: .seconds(3))) {
      try await withTimeout(.seconds(3)) {
        _ = try await TLSStream.client(
          over: base, serverName: "server.test", context: TestCertificates.client())
      }
    }
    #expect(base.isClosed)
    withExtendedLifetime(peer) {}
  }

  @Test func `a handshake that is cancelled at any of its waits leaves a closed stream`() async throws {
    for waits in 0..<4 {
      let (base, peer) = MemoryStream.pair(capacity: 100)
      let handshake = Task {
        try await TLSStream.client(
          over: base, serverName: "server.test", context: TestCertificates.client())
      }
      for _ in 0..<waits {
        await settle()
        // Makes room for some more of the first flight.
        if waits < 4 { _ = try await peer.read(atMost: 100) }
      }
      handshake.cancel()
      await #expect(throws: CancellationError.self) { try await handshake.value }
      #expect(base.isClosed)
    }
  }

  @Test func `a context is for one side`() async {
    await #expect(processExitsWith: .failure) {
      let context = try TestCertificates.server()
      _ = try await TLSStream.client(over: MemoryStream.pair().0, serverName: "a", context: context)
    }
    await #expect(processExitsWith: .failure) {
      let context = try TestCertificates.client()
      _ = try await TLSStream.server(over: MemoryStream.pair().0, context: context)
    }
  }
}
