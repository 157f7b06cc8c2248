// The example of the README: three pages at once, each when it is ready, and a limit in time.

import AsyncIO
import AsyncIOHTTP

try EventLoop.run {
  // A server to talk to, so that no network is needed.
  let server = try HTTPServer(port: 0) { request in
    if request.path == "/slow" { try await sleep(for: .seconds(60)) }
    return HTTPServerResponse(text: "This is \(request.path)")
  }
  let serving = createTask(name: "server") { try await server.serve() }
  let urls = ["/a", "/b", "/c"].map { "http://\(server.localAddress)\($0)" }
  let slow = "http://\(server.localAddress)/slow"

  try await withHTTPSession { session in
    let pages = try await gather(urls, limit: 10) { try await session.get($0).text }
    print(pages)  // in the order of urls

    for try await page in asCompleted(urls, { try await session.get($0) }) {
      print(page.status)  // as they come
    }

    do {
      try await withTimeout(.milliseconds(200)) { print(try await session.get(slow)) }
    } catch is TimeoutError {
      print("timed out")  // and nothing is left of it
    }
  }
  serving.cancel()
}
