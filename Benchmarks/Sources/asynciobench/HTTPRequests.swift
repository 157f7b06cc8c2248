import AsyncIO
import AsyncIOHTTP
import AsyncIOTLS

/// Requests for 100 bytes from `peers/nginx`, over TLS or not, as many at a time as given: `asynciobench http 100 200000`.
///
/// Each worker takes the next request when its last one is done, as those of the peers do.
func requestPages(_ arguments: [String], overTLS: Bool = false) async throws {
  let concurrency = arguments.first.flatMap { Int($0) } ?? 100
  let count = arguments.dropFirst().first.flatMap { Int($0) } ?? 200_000
  let url = try HTTPURL(overTLS ? "https://127.0.0.1:18443/hello" : "http://127.0.0.1:18080/hello")
  var configuration = HTTPSession.Configuration()
  configuration.connectionsPerHost = concurrency
  configuration.connections = max(concurrency, 1)
  configuration.timeout = .seconds(60)
  if overTLS {
    let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    configuration.tls = try TLSContext.client {
      $0.trustRoots = .file("/\(root)/Tests/AsyncIOTLSTests/Certificates/authority.pem")
      $0.applicationProtocols = ["http/1.1"]
    }
  }
  try await withHTTPSession(configuration) { session in
    let start = ContinuousClock.now
    let done = try await gather(Array(0..<concurrency)) { worker in
      var done = 0
      for _ in stride(from: worker, to: count, by: concurrency) {
        let response = try await session.get(url)
        precondition(response.body.count == 100, "The page has 100 bytes, and \(response.body.count) came.")
        done += 1
      }
      return done
    }
    report(
      overTLS ? .https : .http, count: done.reduce(0, +), since: start,
      extra: "at once=\(concurrency) " + resources())
  }
}
