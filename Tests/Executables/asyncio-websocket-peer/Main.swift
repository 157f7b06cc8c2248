import AsyncIOHTTP
import AsyncIONetwork
import AsyncIORuntime
import Glibc
import HTTPTypes

/// One side of a WebSocket, for checks against implementations of others.
///
///     asyncio-websocket-peer serve             echoes at any path, has a page at /page and events at /events; prints its port first
///     asyncio-websocket-peer echo URL          sends messages of many sizes to a server that echoes, and wants them back
///     asyncio-websocket-peer events URL COUNT  prints so many events
///     asyncio-websocket-peer autobahn URL      goes through all cases of the fuzzing server of the Autobahn test suite
@main struct Main {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      try EventLoop.run { try await run(arguments) }
    } catch {
      print("failed: \(error)")
      exit(1)
    }
  }

  private static func run(_ arguments: [String]) async throws {
    switch (arguments.first, arguments.count) {
    case ("serve", 1): try await serve()
    case ("echo", 2): try await echo(arguments[1])
    case ("events", 3): try await events(arguments[1], Int(arguments[2]) ?? 1)
    case ("autobahn", 2): try await autobahn(arguments[1])
    default:
      print("failed: not a command: \(arguments)")
      exit(2)
    }
  }

  /// Large enough for the largest messages of the test suite.
  private static var configuration: WebSocketConfiguration {
    var configuration = WebSocketConfiguration()
    configuration.maximumMessageSize = 32 * 1024 * 1024
    configuration.subprotocols = ["echo"]
    return configuration
  }

  // MARK: The server

  private static func serve() async throws {
    let server = try HTTPServer(port: 0) { request in
      switch request.path {
      case "/page": return HTTPServerResponse(fields: [.contentType: "text/html"], body: Array(page.utf8))
      case "/report":
        say("report: \(request.query ?? "")")
        return HTTPServerResponse(status: .noContent)
      case "/events": return ticks(after: request)
      default:
        return .webSocket(request, configuration: configuration) { socket in
          for try await message in socket { try await socket.send(message) }
        }
      }
    }
    say("\(server.localAddress.port)")
    try await server.serve()
  }

  /// Three events at a time, which the client has to ask for again and again.
  private static func ticks(after request: HTTPServerRequest) -> HTTPServerResponse {
    let last = HTTPField.Name("Last-Event-ID").flatMap { request[$0] }.flatMap { Int($0) } ?? 0
    return .events(retry: .milliseconds(50)) { writer in
      for number in last + 1...last + 3 {
        try await writer.send(event: "tick", data: "number\n\(number)", id: "\(number)")
      }
    }
  }

  /// What a browser does: it echoes over a WebSocket, counts events over several connections, and reports.
  private static let page = """
    <!doctype html><title>peer</title><script>
    const report = (text) => fetch("/report?" + encodeURIComponent(text));
    const socket = new WebSocket("ws://" + location.host + "/chat", ["echo"]);
    const big = "😀".repeat(100000);
    socket.onopen = () => { socket.send("hello"); socket.send(big); socket.send(new Uint8Array([1, 2, 3])); };
    socket.binaryType = "arraybuffer";
    let received = 0;
    socket.onmessage = (message) => {
      const right = [message.data === "hello", message.data === big, message.data.byteLength === 3];
      if (!right[received++]) report("wrong message " + received);
      if (received === 3) socket.close(4000, "done");
    };
    socket.onclose = (close) =>
      report("closed-" + close.code + "-" + close.wasClean + "-" + received + "-" + socket.protocol + "-" + socket.extensions);
    const source = new EventSource("/events");
    let sum = 0;
    source.addEventListener("tick", (event) => {
      sum += Number(event.data.split("\\n")[1]);
      if (event.lastEventId === "7") { source.close(); report("events-" + sum); }
    });
    </script>
    """

  // MARK: The client

  private static func echo(_ url: String) async throws {
    var compressed = configuration
    var plain = configuration
    plain.compression = nil
    compressed.compression?.minimumSize = 0
    for configuration in [compressed, plain] {
      try await withWebSocket(url, configuration: configuration) { socket in
        for size in [0, 1, 125, 126, 127, 65_535, 65_536, 200_000, 3_000_000] {
          let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 5) }
          try await check(.binary(bytes), socket)
          try await check(.text(String(repeating: "häß😀", count: size / 9)), socket)
        }
        try await socket.ping()
        try await socket.send(streaming: .text) { message in
          for _ in 0..<10 { try await message.write("fragment ") }
        }
        let whole = try await socket.receive()
        guard whole.text == String(repeating: "fragment ", count: 10) else { throw Wrong(what: "fragments") }
        await socket.close(code: .normal, reason: "done")
        let closure = socket.closure
        say("echoed, compressed: \(socket.isCompressed), closed: \(closure.map { "\($0)" } ?? "not")")
      }
    }
  }

  private static func check(_ message: WebSocketMessage, _ socket: WebSocket) async throws {
    async let answer = socket.receive()
    try await socket.send(message)
    guard try await answer == message else { throw Wrong(what: "the echo of \(message.bytes.count) bytes") }
  }

  private static func events(_ url: String, _ count: Int) async throws {
    try await withHTTPSession { session in
      var rest = count
      for try await event in session.events(from: url) {
        say("\(event.event) \(event.id) \(event.data.debugDescription)")
        rest -= 1
        if rest == 0 { return }
      }
    }
  }

  private static func autobahn(_ url: String) async throws {
    let cases = try await withWebSocket("\(url)/getCaseCount") { socket in
      try await socket.receive().text.flatMap { Int($0) } ?? 0
    }
    say("\(cases) cases")
    for number in 1...max(cases, 1) {
      do {
        try await withWebSocket(
          "\(url)/runCase?case=\(number)&agent=swift-asyncio", configuration: configuration
        ) {
          socket in
          for try await message in socket { try await socket.send(message) }
        }
      } catch is WebSocketError {
        // That is what many of the cases are about.
      }
    }
    try await withWebSocket("\(url)/updateReports?agent=swift-asyncio") { socket in
      for try await _ in socket {}
    }
  }

  private static func say(_ line: String) {
    print(line)
    fflush(nil)
  }
}

/// Something did not come back as it was sent.
struct Wrong: Error {
  let what: String
}
