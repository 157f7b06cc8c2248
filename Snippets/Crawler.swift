// Row 18 of the article: a polite crawler. A queue of what was found, workers that take from it, one session with limits.

import AsyncIO
import AsyncIOHTTP
import Synchronization

/// Finds the links in a page; good enough for pages of one's own.
func links(in html: String, of page: HTTPURL) -> [HTTPURL] {
  html.split(separator: "href=\"").dropFirst().compactMap {
    try? page.resolve(String($0.prefix { $0 != "\"" }))
  }
}

/// What the workers share.
struct Findings {
  var seen: Set<String> = []
  var broken: [String] = []
}

try EventLoop.run {
  // A site of its own: a tree of pages, each with a link to the next one, of which one is missing.
  let server = try HTTPServer(port: 0) { request in
    guard let number = Int(request.path.dropFirst()), number < 200, number != 77 else {
      return HTTPServerResponse(status: .notFound)
    }
    let html = [number * 3 + 1, number * 3 + 2, number * 3 + 3, number + 1].filter { $0 < 200 }
      .map { "<a href=\"/\($0)#top\">page \($0)</a>" }
    return HTTPServerResponse(fields: [.contentType: "text/html"], text: html.joined())
  }
  let serving = createTask(name: "server") { try await server.serve() }

  // At most 4 requests at a time, and 1000 in a second; what may pass is tried again.
  var policy = HTTPPolicy(retry: HTTPRetry())
  policy.concurrency = .fixed(4)
  policy.rate = HTTPRate(1000, per: .seconds(1), burst: 1)
  var configuration = HTTPSession.Configuration()
  configuration.userAgent = "example-crawler/1.0"
  configuration.middleware = [.policy(policy)]
  configuration.maximumBodySize = 1 << 20

  let start = try HTTPURL("http://\(server.localAddress)/0")
  let findings = Mutex(Findings(seen: [start.description]))
  let queue = AsyncQueue<HTTPURL>()
  try await queue.put(start)

  try await withHTTPSession(configuration) { session in
    try await withTaskScope { scope in
      for worker in 1...4 {
        scope.createTask(name: "worker \(worker)") {
          for await url in queue {
            do {
              let page = try await session.get(url, timeout: .seconds(10)).raiseForStatus()
              for link in links(in: page.text, of: url)
              where link.host == start.host && link.port == start.port {
                // `insert` says whether it is new: each page is put in once.
                if findings.withLock({ $0.seen.insert(link.description).inserted }) {
                  try await queue.put(link)
                }
              }
            } catch let error as HTTPError {
              findings.withLock { $0.broken.append("\(error)") }
            }
            queue.taskDone()
          }
        }
      }
      try await queue.join()  // until every page that was found has been dealt with
      queue.shutdown()  // ends the loops of the workers
    }
  }
  findings.withLock { print($0.seen.count, "pages;", $0.broken.joined(separator: "\n")) }
  serving.cancel()
}
