// One side of HTTP/2, for Tests/Interoperability/http2.
//
//   asyncio-http2-peer serve [CERTIFICATE KEY]         serves, over TLS with a certificate, and prints its URL
//   asyncio-http2-peer fetch AUTHORITY URL [COUNT]     gets a page COUNT times, 100 at a time, and prints what came
//   asyncio-http2-peer post AUTHORITY URL BYTES        posts a body in pieces, and prints what came
//
// AUTHORITY is a file with whom to trust, or `plain` to speak HTTP/2 without TLS.

import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIORuntime
import AsyncIOTLS
import Glibc
import HTTPTypes

@main
struct Main {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    try EventLoop.run {
      switch arguments.first {
      case "serve": try await serve(Array(arguments.dropFirst()))
      case "fetch" where arguments.count >= 3:
        let count = arguments.dropFirst(3).first.flatMap { Int($0) } ?? 1
        try await fetch(try configuration(arguments[1]), arguments[2], count)
      case "post" where arguments.count == 4:
        try await post(try configuration(arguments[1]), arguments[2], Int(arguments[3]) ?? 0)
      default: say("usage: asyncio-http2-peer serve | fetch | post")
      }
    }
  }

  // MARK: The server

  private static func serve(_ files: [String]) async throws {
    var configuration = HTTPServer.Configuration()
    configuration.http2.acceptsPriorKnowledge = true
    configuration.maximumBodySize = 64 << 20
    if files.count == 2 {
      configuration.tls = try TLSContext.server(certificateFile: files[0], keyFile: files[1])
    }
    let server = try HTTPServer(port: 0, configuration: configuration) { request in
      switch request.path {
      case "/large": HTTPServerResponse(body: [UInt8](repeating: 120, count: 3_000_000))
      case "/stream":
        HTTPServerResponse { writer in
          for number in 0..<100 { try await writer.write("\(number)\n") }
          writer.trailers[.eTag] = "end"
        }
      case "/echo": HTTPServerResponse(body: request.body)
      default: HTTPServerResponse(text: "\(request.version) \(request.method) \(request.target)\n")
      }
    }
    say("\(files.isEmpty ? "http" : "https")://\(server.localAddress)")
    try await server.serve()
  }

  // MARK: The client

  private static func configuration(_ authority: String) throws -> HTTPSession.Configuration {
    var configuration = HTTPSession.Configuration()
    if authority == "plain" {
      configuration.http2 = .priorKnowledge
    } else {
      configuration.tls = try TLSContext.client { $0.trustRoots = .file(authority) }
    }
    return configuration
  }

  private static func fetch(_ configuration: HTTPSession.Configuration, _ url: String, _ count: Int)
    async throws
  {
    try await withHTTPSession(configuration) { session in
      let responses = try await gather(0..<count, limit: 100) { _ in try await session.get(url) }
      for response in responses.prefix(1) {
        say(
          "\(response.version) \(response.status.code) \(response.body.count) bytes: \(response.text.prefix(60))"
        )
      }
      say("\(responses.filter { $0.status.code == 200 }.count) of \(count) with 200")
    }
  }

  private static func post(_ configuration: HTTPSession.Configuration, _ url: String, _ size: Int)
    async throws
  {
    try await withHTTPSession(configuration) { session in
      let body = HTTPRequestBody.stream { writer in
        var rest = size
        while rest > 0 {
          let piece = [UInt8](repeating: 120, count: min(rest, 50_000))
          try await writer.write(piece)
          rest -= piece.count
        }
      }
      try await session.stream(.post, url, requestBody: body) { response in
        var count = 0
        for try await piece in response.body { count += piece.count }
        say("\(response.version) \(response.status.code) \(count) bytes")
      }
    }
  }

  /// Prints a line at once, whatever stdout is.
  private static func say(_ text: String) {
    let line = "\(text)\n"
    unsafe write(STDOUT_FILENO, line, line.utf8.count)
  }
}
