import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Testing

@testable import AsyncIOHTTP

/// What client and server make of each other's first words.
@Suite(.virtualTime) struct WebSocketHandshakeTests {
  @Test func `the proof is that of the RFC`() throws {
    let key = try #require(WebSocketKey("dGhlIHNhbXBsZSBub25jZQ=="))
    #expect(key.acceptance == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    #expect(WebSocketKey("dGhlIHNhbXBsZSBub25jZQ") == nil)
    #expect(WebSocketKey("dGhlIHNhbXBsZSBub25jZSE9=") == nil)
    #expect(WebSocketKey().text != WebSocketKey().text)
  }

  // MARK: The client

  /// What a client says to a server that answers with these lines, where KEY stands for the proof.
  private func failure(
    _ lines: String, _ configuration: WebSocketConfiguration = WebSocketConfiguration()
  ) async throws -> String? {
    try await ScriptedPeer.run { connection in
      guard let head = try await connection.readHead() else { return }
      let key = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("sec-websocket-key: ") }
      let proof = WebSocketKey(String(key?.dropFirst(19) ?? ""))?.acceptance ?? ""
      let lines = lines.hasPrefix("START") ? Self.start + lines.dropFirst(5) : lines
      try await connection.send(
        lines.split(separator: "KEY", omittingEmptySubsequences: false).joined(separator: proof))
      try await connection.waitForEnd()
    } _: { peer in
      do {
        try await withWebSocket("ws://127.0.0.1:\(peer.port)", configuration: configuration) { socket in
          await socket.close()
        }
        return nil
      } catch let error as WebSocketError {
        #expect(error.code == .handshakeFailed)
        return error.message
      }
    }
  }

  private static let start =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"

  @Test(arguments: [
    ("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "403"),
    ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200"),
    (
      "HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\n\r\n",
      "something else"
    ),
    ("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: KEY\r\n\r\n", "does not upgrade"),
    ("START\r\n", "does not fit the key"),
    ("STARTSec-WebSocket-Accept: KEYx\r\n\r\n", "does not fit the key"),
    ("STARTSec-WebSocket-Accept: KEY\r\nSec-WebSocket-Protocol: x\r\n\r\n", "subprotocol"),
    ("STARTSec-WebSocket-Accept: KEY\r\nSec-WebSocket-Extensions: x\r\n\r\n", "extensions"),
    (
      start
        + "Sec-WebSocket-Accept: KEY\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15\r\n\r\n",
      "extensions"
    ),
    (
      start
        + "Sec-WebSocket-Accept: KEY\r\nSec-WebSocket-Extensions: permessage-deflate, permessage-deflate\r\n\r\n",
      "extensions"
    ),
  ])
  func `an answer that does not fit is refused`(answer: String, reason: String) async throws {
    let message = try await failure(answer)
    #expect(message?.contains(reason) == true, "\(message ?? "opened")")
  }

  @Test func `a server that does not answer is given up`() async throws {
    let start = LoopClock.now
    try await ScriptedPeer.run { connection in
      try await connection.waitForEnd()
    } _: { peer in
      try await withHTTPSession { session in
        _ = await #expect(throws: TimeoutError.self) {
          try await session.webSocket("ws://127.0.0.1:\(peer.port)", timeout: .seconds(7)) { _ in }
        }
      }
    }
    #expect(start.duration(to: .now) == .seconds(7))
  }

  @Test func `what comes with the answer is not lost, and the answer may come byte by byte`() async throws {
    try await ScriptedPeer.run { connection in
      guard let head = try await connection.readHead() else { return }
      let key = head.split(separator: "\r\n").first { $0.hasPrefix("Sec-WebSocket-Key: ") }
      let proof = WebSocketKey(String(key?.dropFirst(19) ?? ""))?.acceptance ?? ""
      var bytes = Array((Self.start + "Sec-WebSocket-Accept: \(proof)\r\n\r\n").utf8)
      bytes += [0x81, 0x05] + Array("hello".utf8) + [0x88, 0x00]
      if connection.number == 0 {
        try await connection.stream.write(bytes)
      } else {
        for byte in bytes { try await connection.stream.write([byte]) }
      }
      connection.stream.close()
    } _: { peer in
      for _ in 0..<2 {
        try await withWebSocket("ws://127.0.0.1:\(peer.port)") { socket in
          var messages: [WebSocketMessage] = []
          for try await message in socket { messages.append(message) }
          #expect(messages == [.text("hello")])
          #expect(socket.closure?.code == .noStatus)
        }
      }
    }
  }

  // MARK: The server

  /// The status, and the fields of WebSocket, that a request gets.
  private func answer(
    _ fields: String, line: String = "GET / HTTP/1.1",
    _ configuration: WebSocketConfiguration = WebSocketConfiguration()
  ) async throws -> [String] {
    let fields = fields.hasPrefix("RIGHT") ? Self.right + fields.dropFirst(5) : fields
    return try await RunningServer.run { request in
      .webSocket(request, configuration: configuration) { _ in }
    } _: { server in
      let text = try await server.exchange("\(line)\r\nHost: example.org\r\n\(fields)\r\n")
      let lines = text.split(separator: "\r\n").map(String.init)
      return [String(lines[0].split(separator: " ")[1])] + lines.filter { $0.hasPrefix("Sec-") }
    }
  }

  private static let right =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

  @Test(arguments: [
    ("", "GET / HTTP/1.1", "426"), ("RIGHT", "POST / HTTP/1.1", "426"), ("RIGHT", "GET / HTTP/1.0", "426"),
    ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n", "GET / HTTP/1.1", "426"),
    ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n", "GET / HTTP/1.1", "400"),
    ("RIGHTSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "GET / HTTP/1.1", "400"),
    ("RIGHTSec-WebSocket-Extensions: a;;b\r\n", "GET / HTTP/1.1", "400"),
    ("RIGHTOrigin: http://evil.example\r\n", "GET / HTTP/1.1", "403"),
    ("RIGHTOrigin: http://example.org:81\r\n", "GET / HTTP/1.1", "403"),
    ("RIGHTOrigin: null\r\n", "GET / HTTP/1.1", "403"), ("RIGHT", "GET / HTTP/1.1", "101"),
    ("RIGHTOrigin: http://Example.org\r\n", "GET / HTTP/1.1", "101"),
  ])
  func `requests are looked at`(fields: String, line: String, status: String) async throws {
    let lines = try await answer(fields, line: line)
    #expect(lines[0] == status)
    if status == "101" { #expect(lines.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")) }
  }

  @Test func `pages of these origins may connect`() {
    let origins = WebSocketOrigins.only(["https://app.example"])
    #expect(origins.allow(["https://app.example"], host: "api.example"))
    #expect(origins.allow([], host: "api.example"))
    #expect(!origins.allow(["https://api.example"], host: "api.example"))
    #expect(WebSocketOrigins.any.allow(["null"], host: nil))
    #expect(!WebSocketOrigins.sameHost.allow(["http://a", "http://a"], host: "a"))
  }

  // MARK: Compression

  @Test(
    arguments: [
      ("permessage-deflate", "permessage-deflate; server_max_window_bits=12", 12, 15, true, true),
      (
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12", 12, 12, true, true
      ),
      (
        "permessage-deflate; server_max_window_bits=\"9\"; client_no_context_takeover",
        "permessage-deflate; client_no_context_takeover; server_max_window_bits=9", 9, 15, true, false
      ),
      (
        "x-webkit-deflate-frame, permessage-deflate; foo, permessage-deflate; server_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=12", 12, 15, false, true
      ),
      ("permessage-deflate; server_max_window_bits=16", nil, 0, 0, false, false),
      ("permessage-deflate; server_max_window_bits", nil, 0, 0, false, false),
      ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", nil, 0, 0, false, false),
      ("permessage-deflate; server_no_context_takeover=1", nil, 0, 0, false, false),
      ("", nil, 0, 0, false, false),
    ] as [(String, String?, Int, Int, Bool, Bool)])
  func `a server chooses among offers`(
    offers: String, answer: String?, serverBits: Int, clientBits: Int, serverKeeps: Bool, clientKeeps: Bool
  ) throws {
    let extensions = try #require(WebSocketExtension.read([offers]))
    let chosen = WebSocketCompressionAgreement.choose(extensions, WebSocketCompression())
    #expect(chosen?.answer == answer)
    guard let agreement = chosen?.agreement else { return }
    #expect(agreement.serverWindowBits == serverBits && agreement.clientWindowBits == clientBits)
    #expect(agreement.serverKeepsContext == serverKeeps && agreement.clientKeepsContext == clientKeeps)
    // Our own client accepts what our server answers to such an offer.
    if offers.contains("client_max_window_bits"), let first = WebSocketExtension.read([answer ?? ""])?.first {
      #expect(WebSocketCompressionAgreement(answer: first, to: WebSocketCompression()) == agreement)
    }
  }
}
