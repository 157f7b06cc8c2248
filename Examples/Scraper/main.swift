// A polite scraper: `Scraper https://example.org` writes a line of JSON for each page of that host.
// Without an argument it serves a small site itself, and scrapes that.

import AsyncIO
import AsyncIOHTTP
import Foundation
import HTTPTypes

/// A site of some pages, one of which is missing.
let site = [
  "/":
    #"<title>Home</title> <a href="/a">A</a> <a href="/b">B</a> <a href="https://elsewhere.example/">not ours</a>"#,
  "/a": #"<title>A</title> <a href="/">home</a> <a href="b#part">B</a>"#,
  "/b": #"<title>B</title> <a href="/missing">gone</a>"#,
]

func scrape(_ start: HTTPURL) async throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  try await withHTTPSession(Scraper.configuration) { session in
    try await Scraper(session: session).scrape(start) { page in
      try await standardOutput.write(Array(try encoder.encode(page)) + [10])
    }
  }
}

try EventLoop.run {
  if let argument = CommandLine.arguments.dropFirst().first {
    try await scrape(try HTTPURL(argument))
  } else {
    let server = try HTTPServer(port: 0) { request in
      guard let text = site[request.path] else { return HTTPServerResponse(status: .notFound) }
      return HTTPServerResponse(fields: [.contentType: "text/html"], body: Array(text.utf8))
    }
    let serving = createTask(name: "site") { try await server.serve() }
    try await scrape(try HTTPURL("http://\(server.localAddress)/"))
    serving.cancel()
  }
}
