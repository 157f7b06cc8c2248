import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import AsyncIOHTTP

/// Requests over TLS.
@Suite(.virtualTime) struct SecureRequestTests {
  private static func greet(_ request: HTTPServerRequest) -> HTTPServerResponse {
    HTTPServerResponse(text: "\(request.method) of \(request.body.count)")
  }

  @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
  func `pages are got, over one connection`(_ version: TLSVersion) async throws {
    let ports = Mutex<Set<Int>>([])
    try await RunningServer.runSecurely { request in
      ports.withLock { $0.formUnion(request.remoteAddress.map { [$0.port] } ?? []) }
      return Self.greet(request)
    } _: { server in
      let configuration = try HTTPCertificates.configuration {
        $0.minimumTLSVersion = version
        $0.maximumTLSVersion = version
      }
      try await withHTTPSession(configuration) { session async throws in
        for _ in 0..<5 { #expect(try await session.get(server.secureURL).text == "GET of 0") }
        let large = [UInt8](repeating: 7, count: 300_000)
        #expect(try await session.post(server.secureURL, body: .bytes(large)).text == "POST of 300000")
      }
      #expect(ports.withLock { $0.count } == 1)
      await settle()
      #expect(try openSockets(port: server.port) == 0)
    }
  }

  @Test func `bodies are streamed both ways`() async throws {
    try await RunningServer.runSecurely { request in
      let body = request.body
      return HTTPServerResponse { writer in
        for start in stride(from: 0, to: body.count, by: 10_000) {
          try await writer.write(Array(body[start..<min(start + 10_000, body.count)]))
        }
      }
    } _: { server in
      let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
      try await withHTTPSession(HTTPCertificates.configuration()) { session async throws in
        let body = HTTPRequestBody.stream { writer in
          for start in stride(from: 0, to: bytes.count, by: 70_000) {
            try await writer.write(Array(bytes[start..<start + 70_000]))
          }
        }
        let request = HTTPClientRequest(method: .post, url: try HTTPURL(server.secureURL), body: body)
        let received = try await session.stream(request) { response in
          var received: [UInt8] = []
          for try await piece in response.body { received += piece }
          return received
        }
        #expect(received == bytes)
      }
    }
  }

  @Test func `plain and secure connections to one port are kept apart`() async throws {
    let plain = HTTPOrigin(scheme: .http, host: "a", port: 443)
    #expect(plain != HTTPOrigin(scheme: .https, host: "a", port: 443))
    try await RunningServer.run(handler: { Self.greet($0) }) { server in
      try await withHTTPSession(HTTPCertificates.configuration()) { session async throws in
        _ = try await session.get(server.url)
        // The server speaks no TLS: a connection of the other kind would have brought an answer.
        let error = await #expect(throws: HTTPError.self) { try await session.get(server.secureURL) }
        #expect(error?.code == .secureConnectionFailed)
      }
    }
  }

  // MARK: Certificates

  @Test(arguments: [
    ("expired", TLSError.Code.certificateExpired), ("future", .certificateNotYetValid),
    ("self-signed", .selfSignedCertificate), ("stranger", .unknownAuthority),
  ])
  func `a bad certificate is refused, and its fault is named`(_ name: String, _ code: TLSError.Code)
    async throws
  {
    try await RunningServer.runSecurely(HTTPCertificates.server(name), handler: { Self.greet($0) }) {
      server in
      try await withHTTPSession(HTTPCertificates.configuration()) { session async throws in
        let error = await #expect(throws: HTTPError.self) { try await session.get(server.secureURL) }
        #expect(error?.code == .secureConnectionFailed)
        #expect((error?.underlying as? TLSError)?.code == code)
        #expect(error?.message.contains("\(code)") == true)
      }
    }
  }

  @Test func `a server that wants a certificate gets one`() async throws {
    let context = try HTTPCertificates.server {
      $0.certificateVerification = .noHostnameVerification
      $0.trustRoots = .file(HTTPCertificates.path("authority.pem"))
    }
    try await RunningServer.runSecurely(context, handler: { Self.greet($0) }) { server in
      let known = try HTTPCertificates.configuration { try HTTPCertificates.show("client", &$0) }
      try await withHTTPSession(known) { session async throws in
        #expect(try await session.get(server.secureURL).text == "GET of 0")
      }
      for name in [nil, "stranger-client"] {
        let unknown = try HTTPCertificates.configuration { configuration in
          if let name { try HTTPCertificates.show(name, &configuration) }
        }
        try await withHTTPSession(unknown) { session async throws in
          let error = await #expect(throws: HTTPError.self) { try await session.get(server.secureURL) }
          #expect(error?.code == .secureConnectionFailed)
          #expect((error?.underlying as? TLSError)?.code == .certificateRefused)
        }
      }
    }
  }

  @Test func `a protocol that is not spoken here is refused`() async throws {
    let context = try HTTPCertificates.server { $0.applicationProtocols = ["h2"] }
    try await RunningServer.runSecurely(context, handler: { Self.greet($0) }) { server in
      var configuration = try HTTPCertificates.configuration {
        $0.applicationProtocols = ["h2", "http/1.1"]
      }
      configuration.http2 = .off
      try await withHTTPSession(configuration) { session async throws in
        let error = await #expect(throws: HTTPError.self) { try await session.get(server.secureURL) }
        #expect(error?.message.contains("h2") == true)
      }
    }
  }

  // MARK: Endings

  /// Runs `body` beside a server that does to each connection over TLS what its script says.
  private func withPeer(
    _ script: @escaping @Sendable (TLSStream<TCPStream>, Int) async throws -> Void,
    _ body: (String) async throws -> Void
  ) async throws {
    let listener = try TCPListener(port: 0)
    let context = try HTTPCertificates.server()
    let count = Mutex(0)
    let serving = createTask {
      try? await listener.serve(tls: context) { stream in
        let number = count.withLock { count in
          count += 1
          return count
        }
        try? await script(stream, number)
      }
    }
    defer { serving.cancel() }
    try await body("https://127.0.0.1:\(listener.localAddress.port)/")
  }

  private static func readHead(_ stream: TLSStream<TCPStream>) async throws -> Bool {
    var bytes: [UInt8] = []
    while !bytes.ends(with: "\r\n\r\n".utf8) {
      if try await stream.read(appendingTo: &bytes, atMost: 4096) == 0 { return false }
    }
    return true
  }

  @Test(arguments: [false, true])
  func `a body up to the end needs a farewell`(_ isCut: Bool) async throws {
    try await withPeer { stream, _ in
      guard try await Self.readHead(stream) else { return }
      try await stream.write("HTTP/1.1 200 OK\r\n\r\nabc")
      // A server that goes away and one that was cut off look the same without TLS.
      if isCut { stream.base.close() } else { await stream.close() }
    } _: { url in
      try await withHTTPSession(HTTPCertificates.configuration()) { session async throws in
        if isCut {
          let error = await #expect(throws: HTTPError.self) { try await session.get(url) }
          #expect(error?.code == .connectionLost)
        } else {
          #expect(try await session.get(url).text == "abc")
        }
      }
    }
  }

  @Test(arguments: [false, true])
  func `a kept connection that the server has closed is replaced`(_ saysFarewell: Bool) async throws {
    let numbers = Mutex<[Int]>([])
    try await withPeer { stream, number in
      guard try await Self.readHead(stream) else { return }
      numbers.withLock { $0.append(number) }
      try await stream.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      if !saysFarewell { stream.base.close() }
    } _: { url in
      try await withHTTPSession(HTTPCertificates.configuration()) { session async throws in
        for _ in 0..<3 {
          #expect(try await session.post(url).text == "ok")
          await settle()
        }
      }
      #expect(numbers.withLock { $0 } == [1, 2, 3])
    }
  }

  @Test func `a request that meets a closing door is sent once more`() async throws {
    let requests = Mutex(0)
    try await withPeer { stream, _ in
      guard try await Self.readHead(stream) else { return }
      try await stream.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      guard try await Self.readHead(stream) else { return }
      requests.withLock { $0 += 1 }
      stream.base.close()
    } _: { url in
      try await withHTTPSession(HTTPCertificates.configuration()) { session async throws in
        for _ in 0..<3 { #expect(try await session.get(url).text == "ok") }
        let error = await #expect(throws: HTTPError.self) { try await session.post(url) }
        #expect(error?.code == .connectionLost)
      }
      #expect(requests.withLock { $0 } == 3)
    }
  }

  @Test func `a session says farewell when it is closed`() async throws {
    let endings = Mutex<[String]>([])
    try await withPeer { stream, _ in
      while true {
        do {
          guard try await Self.readHead(stream) else { break }
          try await stream.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        } catch {
          return endings.withLock { $0.append("\(error)") }
        }
      }
      endings.withLock { $0.append("farewell") }
    } _: { url in
      try await withHTTPSession(HTTPCertificates.configuration()) { session async throws in
        _ = try await session.get(url)
      }
      await settle()
      #expect(endings.withLock { $0 } == ["farewell"])
    }
  }

  // MARK: Time and cancellation

  @Test func `time may run out while encryption is agreed upon`() async throws {
    try await ScriptedPeer.run {
      try await $0.waitForEnd()
    } _: { peer in
      var configuration = try HTTPCertificates.configuration()
      configuration.timeout = .seconds(5)
      try await withHTTPSession(configuration) { session async throws in
        let url = "https://127.0.0.1:\(peer.port)/"
        let error = await #expect(throws: TimeoutError.self) { try await session.get(url) }
        let cause = try #require(error?.cause as? HTTPError)
        #expect(cause.message.contains("connecting 0.0 s, securing the connection 5.0 s"), "\(cause)")
        #expect(cause.timings?.secure == .seconds(5))
      }
      await settle()
      #expect(try openSockets(port: peer.port) == 0)
    }
  }

  @Test(arguments: Array(stride(from: 0, to: 90, by: 3)), [false, true])
  func `a request may be cancelled at any step`(_ steps: Int, _ isStream: Bool) async throws {
    try await RunningServer.runSecurely { _ in
      HTTPServerResponse { writer in
        for _ in 0..<3 { try await writer.write(Array("0123456789".utf8)) }
      }
    } _: { server in
      var configuration = try HTTPCertificates.configuration()
      configuration.connectionsPerHost = 1
      try await withHTTPSession(configuration) { session async throws in
        let url = server.secureURL
        let request = createTask {
          guard isStream else { return try await session.get(url).body.count }
          return try await session.stream(.get, url) { response in
            var count = 0
            for try await piece in response.body { count += piece.count }
            return count
          }
        }
        for _ in 0..<steps { try? await checkpoint() }
        request.cancel()
        do {
          #expect(try await request.value == 30)
        } catch {
          #expect(error is CancellationError)
        }
        let texts = try await gather(Array(0..<3)) { _ in try await session.get(url).body.count }
        #expect(texts == [30, 30, 30])
      }
      await settle()
      #expect(try openSockets(port: server.port) == 0)
    }
  }
}
