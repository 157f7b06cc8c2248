// Pages that are asked for one after another, as a sequence: the next one when the loop wants it.

import AsyncIO
import AsyncIOHTTP

struct Page: Codable, Sendable {
  var items: [Int]
  var next: String?
}

try EventLoop.run {
  let server = try HTTPServer(port: 0) { request in
    let number = HTTPParameters(parsing: request.query ?? "")["page"].flatMap { Int($0) } ?? 1
    let next = number < 4 ? "\"/items?page=\(number + 1)\"" : "null"
    return HTTPServerResponse(
      fields: [.contentType: "application/json"],
      body: Array("{\"items\":[\(number * 10),\(number * 10 + 1)],\"next\":\(next)}".utf8))
  }
  let serving = createTask(name: "server") { try await server.serve() }

  var configuration = HTTPSession.Configuration()
  configuration.baseURL = try HTTPURL("http://\(server.localAddress)")
  try await withHTTPSession(configuration) { session in
    let items = AsyncGenerator<Int> { yield in
      var path: String? = "/items"
      while let current = path {
        let page = try await session.get(current).raiseForStatus().json(Page.self)
        for item in page.items { try await yield(item) }
        path = page.next
      }
    }
    for try await item in items {
      print(item)
      if item == 31 { break }  // the fourth page is never asked for
    }
  }
  serving.cancel()
}
