import AsyncIO
import AsyncIOHTTP

/// Requests to a server of ours in the same loop, as many at a time as given: `asynciobench httplocal 100 100000`.
///
/// Both sides of each request count, so that no other program sets the limit.
func requestFromOurselves(_ arguments: [String]) async throws {
  let concurrency = arguments.first.flatMap { Int($0) } ?? 100
  let count = arguments.dropFirst().first.flatMap { Int($0) } ?? sized(100_000)
  let body = String(repeating: "x", count: 100)
  var limits = HTTPServer.Configuration()
  limits.maximumConnections = max(concurrency, limits.maximumConnections)
  let server = try HTTPServer(port: 0, configuration: limits) { _ in HTTPServerResponse(text: body) }
  let serving = createTask { try await server.serve() }
  let url = try HTTPURL("http://127.0.0.1:\(server.localAddress.port)/hello")
  var configuration = HTTPSession.Configuration()
  configuration.connectionsPerHost = concurrency
  configuration.connections = concurrency
  configuration.timeout = .seconds(60)
  try await withHTTPSession(configuration) { session in
    let start = ContinuousClock.now
    let done = try await gather(0..<concurrency) { worker in
      var done = 0
      for _ in stride(from: worker, to: count, by: concurrency) {
        let response = try await session.get(url)
        precondition(response.body.count == 100, "The page has 100 bytes, and \(response.body.count) came.")
        done += 1
      }
      return done
    }
    report(.httplocal, count: done.reduce(0, +), since: start, extra: resources())
  }
  server.close()
  try await serving.value
}
