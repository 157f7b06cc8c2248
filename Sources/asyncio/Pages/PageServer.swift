import AsyncIO
import AsyncIOHTTP
import AsyncIOTLS
import HTTPTypes

/// What the pages of the embedded server are like.
struct PageSettings: Sendable {
  /// How long each response takes.
  var delay: Duration = .zero
  /// How large each body is, in bytes.
  var size = 1024
  /// Which part of the responses are errors, 0…1.
  var errorRate = 0.0
}

/// The server of the demonstration: every path is a page.
enum PageServer {
  /// Makes a server that listens already.
  ///
  /// - Parameters:
  ///   - host: A numeric address of this machine.
  ///   - port: The port; 0 lets the system choose.
  ///   - context: Who the server is, over TLS; nil for plain.
  ///   - settings: What the pages are like.
  /// - Returns: The server; `serve` accepts connections.
  /// - Throws: `IOError`, as when the port is in use.
  static func make(
    host: String = "127.0.0.1", port: Int = 0, tls context: TLSContext? = nil, _ settings: PageSettings
  ) throws -> HTTPServer {
    let body = page(size: settings.size)
    return try make(host: host, port: port, tls: context) { _ in
      if settings.delay > .zero { try await sleep(for: settings.delay) }
      if settings.errorRate > 0, Double.random(in: 0..<1) < settings.errorRate {
        return HTTPServerResponse(status: .internalServerError, text: "This page fails on purpose.\n")
      }
      return HTTPServerResponse(fields: [.contentType: "text/plain; charset=utf-8"], body: body)
    }
  }

  /// Makes a server that listens already, for pages of another kind.
  ///
  /// - Parameters:
  ///   - host: A numeric address of this machine.
  ///   - port: The port; 0 lets the system choose.
  ///   - context: Who the server is, over TLS; nil for plain.
  ///   - handler: Answers requests.
  /// - Returns: The server; `serve` accepts connections.
  /// - Throws: `IOError`, as when the port is in use.
  static func make(
    host: String, port: Int, tls context: TLSContext?, handler: @escaping HTTPServer.Handler
  ) throws -> HTTPServer {
    var configuration = HTTPServer.Configuration()
    configuration.tls = context
    return try HTTPServer(host: host, port: port, configuration: configuration, handler: handler)
  }

  /// Readable text of exactly `size` bytes.
  private static func page(size: Int) -> [UInt8] {
    let line = Array("All work and no await makes Jack a dull boy.\n".utf8)
    var body: [UInt8] = []
    body.reserveCapacity(size)
    while body.count < size { body.append(contentsOf: line.prefix(size - body.count)) }
    if !body.isEmpty { body[body.count - 1] = UInt8(ascii: "\n") }
    return body
  }
}
