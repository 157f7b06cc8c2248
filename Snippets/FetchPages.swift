// Row 8 of the article: one session, many requests at once. The server is here too, so that no network is needed.

import AsyncIO
import AsyncIOHTTP

try EventLoop.run {
  let server = try HTTPServer(port: 0) { request in HTTPServerResponse(text: "You asked for \(request.path)")
  }
  let serving = createTask(name: "server") { try await server.serve() }

  try await withHTTPSession { session in
    let texts = try await gather(["/a", "/b", "/c"], limit: 10) { path in
      try await session.get("http://\(server.localAddress)\(path)").raiseForStatus().text
    }
    print(texts)
  }
  serving.cancel()
}
