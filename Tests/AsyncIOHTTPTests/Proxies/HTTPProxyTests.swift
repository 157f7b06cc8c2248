import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import AsyncIOHTTP

/// Requests through proxies that are played here.
@Suite(.virtualTime) struct HTTPProxyTests {
  /// What a proxy was asked.
  private final class Log: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ text: String) { lines.withLock { $0.append(text) } }
  }

  /// Carries bytes between a client and a port of this machine, until either side ends.
  private static func tunnel(_ client: TCPStream, to port: Int) async throws {
    let server = try await TCPStream.connect(host: "127.0.0.1", port: port)
    _ = try? await gather([(client, server), (server, client)]) { from, to in
      while case let bytes = try await from.read(atMost: 65_536), !bytes.isEmpty { try await to.write(bytes) }
      from.close()
      to.close()
    }
  }

  /// Makes tunnels to one port, whatever is asked for, and answers requests of whole URLs by itself.
  private static func play(
    _ log: Log, to port: Int
  ) -> @Sendable (ScriptedPeer.Connection) async throws -> Void {
    { connection in
      while let head = try await connection.readHead() {
        log.add(head)
        guard head.hasPrefix("CONNECT ") else {
          try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy")
          continue
        }
        try await connection.send("HTTP/1.1 200 Connection established\r\n\r\n")
        return try await tunnel(connection.stream, to: port)
      }
    }
  }

  private static func configuration(_ proxy: String) throws -> HTTPSession.Configuration {
    var configuration = try HTTPCertificates.configuration()
    configuration.proxies = .all(try HTTPProxy(proxy))
    configuration.userAgent = nil
    configuration.fields = [.accept: "*/*", .acceptEncoding: "identity"]
    return configuration
  }

  @Test func `an HTTP proxy gets whole URLs`() async throws {
    let log = Log()
    try await ScriptedPeer.run(Self.play(log, to: 0)) { peer in
      let proxy = "http://me:s%3Acret@127.0.0.1:\(peer.port)"
      try await withHTTPSession(Self.configuration(proxy)) { session async throws in
        #expect(try await session.get("http://example.org:81/a?b=c").text == "proxy")
        #expect(try await session.get("http://example.org:81/d").text == "proxy")
      }
      #expect(peer.connectionCount == 1)
    }
    #expect(
      log.all.first?.hasPrefix("GET http://example.org:81/a?b=c HTTP/1.1\r\nHost: example.org:81\r\n") == true
    )
    #expect(log.all.first?.contains("Proxy-Authorization: Basic bWU6czpjcmV0\r\n") == true)
    #expect(log.all.last?.hasPrefix("GET http://example.org:81/d HTTP/1.1\r\n") == true)
  }

  @Test func `an HTTP proxy makes a tunnel for TLS, and learns nothing else`() async throws {
    let log = Log()
    try await RunningServer.runSecurely {
      HTTPServerResponse(text: "\($0.method) \($0.target)")
    } _: { server in
      try await ScriptedPeer.run(Self.play(log, to: server.port)) { peer in
        let proxy = "http://me:secret@127.0.0.1:\(peer.port)"
        try await withHTTPSession(Self.configuration(proxy)) { session async throws in
          for _ in 0..<3 { #expect(try await session.get("https://server.test/a").text == "GET /a") }
          // The certificate is that of the server, whatever way leads there.
          let error = await #expect(throws: HTTPError.self) { try await session.get("https://other.test/") }
          #expect((error?.underlying as? TLSError)?.code == .wrongHost)
        }
      }
    }
    #expect(
      log.all
        == ["server", "other"].map {
          "CONNECT \($0).test:443 HTTP/1.1\r\nHost: \($0).test:443\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n"
        })
  }

  @Test func `an HTTP proxy makes a tunnel for a WebSocket without TLS too`() async throws {
    let log = Log()
    try await WebSocketTests.running { server in
      try await ScriptedPeer.run(Self.play(log, to: server.port)) { peer in
        let session = try Self.configuration("http://127.0.0.1:\(peer.port)")
        try await withWebSocket("ws://server.test/", session: session) { socket in
          try await socket.send("hello")
          #expect(try await socket.receive() == .text("hello"))
        }
      }
    }
    #expect(log.all == ["CONNECT server.test:80 HTTP/1.1\r\nHost: server.test:80\r\n\r\n"])
  }

  @Test(arguments: [
    ("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "407"),
    ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "502"), ("", "closed the connection"),
    ("nonsense\r\n\r\n", "proxy http"), ("HTTP/1.1 200 OK\r\n\r\nmore", "belongs to no tunnel"),
  ])
  func `a tunnel that is refused is a clear error`(_ answer: String, _ text: String) async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.send(answer)
    } _: { peer in
      try await withHTTPSession(Self.configuration("http://me:secret@127.0.0.1:\(peer.port)")) {
        session async throws in
        let error = await #expect(throws: HTTPError.self) { try await session.get("https://server.test/") }
        #expect(error?.code == .proxyFailed)
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("secret") == false)
      }
      await settle()
      #expect(try openSockets(port: peer.port) == 0)
    }
  }

  @Test func `a proxy that cannot be reached is named`() async throws {
    let listener = try TCPListener(port: 0)
    let port = listener.localAddress.port
    listener.close()
    try await withHTTPSession(Self.configuration("http://127.0.0.1:\(port)")) { session async throws in
      let error = await #expect(throws: HTTPError.self) { try await session.get("http://server.test/") }
      #expect(error?.code == .proxyFailed)
      #expect(error?.message.contains("the proxy http://127.0.0.1:\(port) cannot be reached") == true)
    }
  }

  // MARK: SOCKS

  /// A SOCKS server that wants these credentials, if any, answers with this code, and leads to one port.
  private static func playSOCKS(
    _ log: Log, user: String? = nil, code: UInt8 = 0, to port: Int
  ) -> @Sendable (ScriptedPeer.Connection) async throws -> Void {
    { connection in
      func read(_ count: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count,
          try await connection.stream.read(appendingTo: &bytes, atMost: count - bytes.count) > 0
        {}
        return bytes
      }
      let methods = try await read(Int(try await read(2)[1]))
      guard let user else {
        try await connection.stream.write([5, 0])
        return try await finish()
      }
      guard methods.contains(2) else { return try await connection.stream.write([5, 255]) }
      try await connection.stream.write([5, 2])
      let name = try await read(Int(try await read(2)[1]))
      let word = try await read(Int(try await read(1)[0]))
      let isRight = String(decoding: name + [58] + word, as: UTF8.self) == user
      try await connection.stream.write([1, isRight ? 0 : 1])
      if isRight { try await finish() }

      func finish() async throws {
        let head = try await read(4)
        let address = try await read(head[3] == 3 ? Int(try await read(1)[0]) : head[3] == 1 ? 4 : 16)
        let asked = try await read(2)
        let number = Int(asked[0]) << 8 | Int(asked[1])
        log.add(
          head[3] == 3 ? "\(String(decoding: address, as: UTF8.self)):\(number)" : "\(address):\(number)")
        try await connection.stream.write([5, code, 0, 1, 0, 0, 0, 0, 0, 0])
        if code == 0 { try await tunnel(connection.stream, to: port) }
      }
    }
  }

  @Test(arguments: [nil, "me:secret"] as [String?])
  func `SOCKS leads to either kind of server`(_ user: String?) async throws {
    let log = Log()
    try await RunningServer.runSecurely {
      HTTPServerResponse(text: $0.target)
    } _: { server in
      try await ScriptedPeer.run(Self.playSOCKS(log, user: user, to: server.port)) { peer in
        let proxy = "socks5h://\(user.map { $0 + "@" } ?? "")127.0.0.1:\(peer.port)"
        try await withHTTPSession(Self.configuration(proxy)) { session async throws in
          #expect(try await session.get("https://server.test/a").text == "/a")
          #expect(try await session.get("https://127.0.0.1:4711/b").text == "/b")
        }
      }
    }
    #expect(log.all == ["server.test:443", "[127, 0, 0, 1]:4711"])
    try await RunningServer.run(handler: { HTTPServerResponse(text: $0.target) }) { server in
      try await ScriptedPeer.run(Self.playSOCKS(log, user: user, to: server.port)) { peer in
        let proxy = "socks5://\(user.map { $0 + "@" } ?? "")127.0.0.1:\(peer.port)"
        try await withHTTPSession(Self.configuration(proxy)) { session async throws in
          #expect(try await session.get("http://server.test/c").text == "/c")
          #expect(try await session.get("http://[::1]:81/d").text == "/d")
        }
      }
    }
    #expect(log.all.suffix(2).first == "server.test:80")
  }

  @Test func `what SOCKS refuses is a clear error`() async throws {
    let cases: [(user: String?, code: UInt8, own: String, text: String)] = [
      (nil, 5, "", "the connection was refused"), (nil, 2, "", "its rules forbid it"),
      (nil, 99, "", "it answered 99"),
      ("me:secret", 0, "", "may want a name and password"),
      ("me:secret", 0, "me:wrong@", "refuses the name and password"),
    ]
    for (user, code, own, text) in cases {
      try await ScriptedPeer.run(Self.playSOCKS(Log(), user: user, code: code, to: 0)) { peer in
        try await withHTTPSession(Self.configuration("socks5://\(own)127.0.0.1:\(peer.port)")) {
          session async throws in
          let error = await #expect(throws: HTTPError.self) { try await session.get("http://server.test/") }
          #expect(error?.code == .proxyFailed)
          #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        }
      }
    }
  }

  @Test(arguments: Array(0..<40)) func `a tunnel may be cancelled at any step`(_ steps: Int) async throws {
    try await RunningServer.runSecurely { _ in
      HTTPServerResponse(text: "ok")
    } _: { server in
      try await ScriptedPeer.run(Self.play(Log(), to: server.port)) { peer in
        try await withHTTPSession(Self.configuration("http://127.0.0.1:\(peer.port)")) {
          session async throws in
          let request = createTask { try await session.get("https://server.test/").text }
          for _ in 0..<steps { try? await checkpoint() }
          request.cancel()
          do {
            #expect(try await request.value == "ok")
          } catch {
            #expect(error is CancellationError)
          }
          #expect(try await session.get("https://server.test/").text == "ok")
        }
        await settle()
        #expect(try openSockets(port: peer.port) == 0)
      }
    }
  }
}
