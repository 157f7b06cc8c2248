// Row 8 of the article: one session, many requests at once. The server is here too, so that no network is needed.

import AsyncIO
import AsyncIOHTTP

try EventLoop.run {
  let server = try HTTPServer(port: 0) { request in
    guard request.path != "/missing" else { return HTTPServerResponse(status: .notFound) }
    return HTTPServerResponse(text: "You asked for \(request.path)")
  }
  let serving = createTask(name: "server") { try await server.serve() }

  try await withHTTPSession { session in
    let texts = try await gather(["/a", "/b", "/c"], limit: 10) { path in
      try await session.get("http://\(server.localAddress)\(path)").raiseForStatus().text
    }
    print(texts)
  }

  let urls = ["/a", "/missing"].map { "http://\(server.localAddress)\($0)" }
  try await withHTTPSession { session in
    let results = try await gatherResults(urls, limit: 10) { url in
      try await session.get(url, timeout: .seconds(5)).raiseForStatus().text
    }
    for (url, result) in zip(urls, results) {
      switch result {
      case .success(let text): print(url, text.utf8.count, "bytes")
      case .failure(let error): print(url, "failed:", error)
      }
    }
  }
  serving.cancel()
}
