import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIONetwork
import AsyncIORuntime

/// A server of ours that runs beside a test.
struct RunningServer {
  let server: HTTPServer
  let serving: TaskHandle<Void>

  var port: Int { server.localAddress.port }
  var url: String { "http://127.0.0.1:\(port)" }

  /// Runs `body` beside a server with this handler.
  ///
  /// Clients of tests often end their side, and wait for the answer.
  static func run<Result>(
    _ configuration: HTTPServer.Configuration = .init(), allowsHalfClose: Bool = true,
    handler: @escaping HTTPServer.Handler, _ body: (RunningServer) async throws -> Result
  ) async throws -> Result {
    var configuration = configuration
    configuration.allowsHalfClose = allowsHalfClose
    let server = try HTTPServer(port: 0, configuration: configuration, handler: handler)
    return try await run(server, body)
  }

  /// Runs `body` beside a server with this router.
  static func run<Result>(
    _ configuration: HTTPServer.Configuration = .init(), router: HTTPRouter,
    _ body: (RunningServer) async throws -> Result
  ) async throws -> Result {
    var configuration = configuration
    configuration.allowsHalfClose = true
    return try await run(HTTPServer(port: 0, configuration: configuration, router: router), body)
  }

  private static func run<Result>(
    _ server: HTTPServer, _ body: (RunningServer) async throws -> Result
  ) async throws -> Result {
    let serving = createTask { try await server.serve() }
    defer { serving.cancel() }
    return try await body(RunningServer(server: server, serving: serving))
  }

  /// Sends text as it is, ends that side, and returns all that comes back.
  func exchange(_ text: String) async throws -> String {
    let stream = try await TCPStream.connect(host: "127.0.0.1", port: port)
    defer { stream.close() }
    try await stream.write(Array(text.utf8))
    try stream.closeWriting()
    return try await stream.readToEnd()
  }
}

extension TCPStream {
  /// Everything up to the end, or to the reset, of the connection, as text.
  func readToEnd() async throws -> String {
    var bytes: [UInt8] = []
    do {
      while try await read(appendingTo: &bytes, atMost: 65_536) > 0 {}
    } catch let error as IOError where error.code == .system {
      bytes += Array("(reset)".utf8)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Everything until the text ends with `suffix`.
  func read(until suffix: String) async throws -> String {
    var bytes: [UInt8] = []
    while !bytes.ends(with: suffix.utf8) {
      if try await read(appendingTo: &bytes, atMost: 1) == 0 { break }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
