import AsyncIO
import AsyncIOTLS
import AsyncIOTesting
import Testing

/// The code of the guide's pages on streams, servers and TLS.
@Suite struct StreamsTests {
  func handle(_ connection: TCPStream) async throws {
    for try await line in connection.lines { try await connection.write("you said: \(line)\n") }
  }

  @Test(.realTime) func `a client and a server`() async throws {
    try await withTaskScope { scope in
      let listener = try TCPListener(port: 0)
      scope.createTask {
        try await listener.serve(limit: 1000) { connection in try await self.handle(connection) }
      }
      let (host, port) = ("127.0.0.1", listener.localAddress.port)

      let stream = try await TCPStream.connect(host: host, port: port, timeout: .seconds(10))
      let reader = BufferedReader(stream, maximum: 8192)
      try await stream.write("hello\n")
      let line = try await reader.readLine()
      stream.close()

      #expect(line == "you said: hello")
      await listener.shutdown(grace: .seconds(30))
    }
  }

  func echo(_ stream: some ByteStream) async throws {
    while case let bytes = try await stream.read(atMost: 65_536), !bytes.isEmpty {
      try await stream.write(bytes)
    }
    try await stream.closeWriting()
  }

  @Test(.virtualTime) func `any stream will do`() async throws {
    let (client, server) = MemoryStream.pair()
    try await withTaskScope { scope in
      scope.createTask { try await self.echo(server) }
      try await client.write("hello")
      try client.closeWriting()
      #expect(try await client.readAll() == Array("hello".utf8))
    }
  }

  @Test(.virtualTime) func `silence is limited`() async throws {
    let (client, server) = MemoryStream.pair()
    await #expect(throws: TimeoutError.self) {
      try await withStreamTimeouts(client, idle: .seconds(30)) { stream in
        _ = try await stream.read(atMost: 100)
      }
    }
    server.close()
  }

  @Test(.virtualTime) func `a bad network`() async throws {
    try await withChaoticPair(forth: [.latency(.milliseconds(200), jitter: .milliseconds(100))]) {
      client, server in
      try await client.write("hello\n")
      client.close()
      #expect(try await BufferedReader(server).readLine() == "hello")
    }
  }

  /// Compiled, and not run: there is nobody to answer.
  func overTLS() async throws {
    let stream = try await TLSStream.connect(host: "example.org", port: 443)
    await stream.close()

    let context = try TLSContext.server(certificateFile: "chain.pem", keyFile: "key.pem")
    try await TCPListener(port: 8443).serve(tls: context) { stream in try await self.echo(stream) }
  }
}
