import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import AsyncIOHTTP

/// Client and server together, over sockets.
@Suite(.virtualTime) struct WebSocketTests {
  /// Sends back what comes.
  static let echo: HTTPServer.Handler = { request in
    .webSocket(request) { socket in
      for try await message in socket { try await socket.send(message) }
    }
  }

  static func running<Result>(
    handler: @escaping HTTPServer.Handler = WebSocketTests.echo,
    _ body: (RunningServer) async throws -> Result
  ) async throws -> Result {
    try await RunningServer.run(handler: handler, body)
  }

  @Test func `messages are sent back`() async throws {
    let closure = try await Self.running { server in
      try await withWebSocket("ws://127.0.0.1:\(server.port)/chat") { socket in
        try await socket.send("hello")
        let text = try await socket.receive()
        #expect(text == .text("hello"))
        let large = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        for bytes in [[], [1, 2, 3], large] {
          try await socket.send(bytes)
          let message = try await socket.receive()
          #expect(message == .binary(bytes))
        }
        #expect(socket.isCompressed)
        await socket.close(code: WebSocketCloseCode(rawValue: 4000), reason: "done")
        return socket.closure
      }
    }
    #expect(
      closure == WebSocketClosure(code: WebSocketCloseCode(rawValue: 4000), reason: "done", initiator: .local)
    )
  }

  @Test func `a loop ends when the peer closes in order, and throws otherwise`() async throws {
    for (code, isOrderly) in [(1000, true), (1001, true), (1011, false), (4001, false)] as [(UInt16, Bool)] {
      try await Self.running { request in
        .webSocket(request) { socket in
          try await socket.send("a")
          try await socket.send("b")
          await socket.close(code: WebSocketCloseCode(rawValue: code), reason: "why")
        }
      } _: { server in
        try await withWebSocket("ws://127.0.0.1:\(server.port)") { socket in
          var messages: [String] = []
          do {
            for try await message in socket { messages.append(message.text ?? "") }
            #expect(isOrderly)
          } catch let error as WebSocketError {
            #expect(!isOrderly)
            #expect(error.code == .closed)
            #expect(error.closure?.reason == "why")
          }
          #expect(messages == ["a", "b"])
          #expect(socket.closure?.code.rawValue == code)
          #expect(socket.closure?.initiator == .remote)
          await #expect(throws: WebSocketError.self) { try await socket.send("late") }
          await #expect(throws: WebSocketError.self) { try await socket.receive() }
        }
      }
    }
  }

  @Test func `the server's gentle end closes with 1001 and waits`() async throws {
    try await Self.running { server in
      try await withWebSocket("ws://127.0.0.1:\(server.port)") { socket in
        try await socket.send("x")
        _ = try await socket.receive()
        server.server.close()
        for try await message in socket { Issue.record("\(message)") }
        #expect(socket.closure == WebSocketClosure(code: .goingAway, reason: "", initiator: .remote))
      }
      try await server.serving.value
      let open = try openSockets(port: server.port)
      #expect(open == 0)
    }
  }

  @Test func `the fields, the subprotocol and the path arrive`() async throws {
    var configuration = WebSocketConfiguration()
    configuration.subprotocols = ["chat.v2", "chat.v1"]
    let server: HTTPServer.Handler = { request in
      var configuration = WebSocketConfiguration()
      configuration.subprotocols = ["chat.v1"]
      return .webSocket(request, configuration: configuration, fields: [.server: "test"]) { socket in
        try await socket.send(
          "\(request.target) \(request[.userAgent] ?? "") \(socket.subprotocol ?? "none")")
      }
    }
    try await Self.running(handler: server) { server in
      try await withWebSocket(
        "WS://127.0.0.1:\(server.port)/a?b=c", fields: [.userAgent: "me"], configuration: configuration
      ) { socket in
        let message = try await socket.receive()
        #expect(message.text == "/a?b=c me chat.v1")
        #expect(socket.subprotocol == "chat.v1")
        #expect(socket.fields[.server] == "test")
      }
    }
  }

  @Test func `an ordinary request is told that this is a WebSocket`() async throws {
    try await Self.running { server in
      let response = try await withHTTPSession { try await $0.get(server.url) }
      #expect(response.status.code == 426)
      #expect(response[.upgrade] == "websocket")
    }
  }

  @Test func `a server that speaks none is refused`() async throws {
    try await Self.running { _ in
      HTTPServerResponse(text: "hello")
    } _: { server in
      do {
        try await withWebSocket("ws://127.0.0.1:\(server.port)") { _ in
          Issue.record("opened"); return
        }
      } catch let error as WebSocketError {
        #expect(error.code == .handshakeFailed)
        #expect(error.status == .ok)
      }
    }
  }

  @Test func `an error of the closure is reported, unless it says that this WebSocket has ended`()
    async throws
  {
    UnhandledReports.begin()
    let relayed = WebSocketClosure(code: .internalError, reason: "", initiator: .remote)
    let server: HTTPServer.Handler = { request in
      .webSocket(request) { socket in
        switch request.path {
        // What a relay gets from the server behind it.
        case "/refused": throw WebSocketError(code: .handshakeFailed, message: "refused")
        case "/closed-behind":
          throw WebSocketError(code: .closed, message: "closed behind", closure: relayed)
        case "/refused-late":
          for try await _ in socket {}
          throw WebSocketError(code: .handshakeFailed, message: "refused")
        // Both have the same reason, and neither is the other.
        case "/both":
          for try await _ in socket {}
          throw ErrorGroup([WebSocketError.closed(relayed), WebSocketError.lost(nil), CancellationError()])
        default: while true { _ = try await socket.receive() }
        }
      }
    }
    let paths = ["/refused", "/closed-behind", "/refused-late", "/both", "/own"]
    try await Self.running(handler: server) { server in
      for path in paths {
        try await withWebSocket("ws://127.0.0.1:\(server.port)\(path)") { _ in }
      }
      server.server.close()
      try await server.serving.value
    }
    let reports = UnhandledReports.all { $0 is WebSocketError || $0 is ErrorGroup }.map(\.source)
    #expect(
      paths.filter { path in reports.contains { $0.hasPrefix("the WebSocket of GET \(path)") } }
        == ["/refused", "/closed-behind", "/refused-late"], "\(reports)")
  }

  @Test func `a level of compression that is none is refused`() async {
    await #expect(processExitsWith: .failure) {
      var compression = WebSocketCompression()
      compression.level = 10
    }
  }

  @Test func `over TLS`() async throws {
    try await RunningServer.runSecurely(handler: Self.echo) { server in
      try await withWebSocket(
        "wss://127.0.0.1:\(server.port)", session: try HTTPCertificates.configuration()
      ) { socket in
        let large = String(repeating: "large ", count: 100_000)
        for text in ["hello", large] {
          try await socket.send(text)
          let message = try await socket.receive()
          #expect(message.text == text)
        }
      }
    }
  }
}
