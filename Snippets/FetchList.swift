// Rows 8, 11 and 19 of the article: a list of URLs, ten at a time, with a timeout and retries for each, progress on standard error,
// and JSON on standard output. The server is here too, so that no network is needed; some of its pages are slow, missing, or fail at first.

import AsyncIO
import AsyncIOHTTP
import Foundation
import HTTPTypes
import Synchronization

struct Outcome: Codable, Sendable {
  var url: String
  var status: Int?
  var bytes: Int?
  var milliseconds: Int
  var error: String?
}

func fetch(_ url: String, with session: HTTPSession) async throws -> Outcome {
  let start = LoopClock.now
  var outcome = Outcome(url: url, milliseconds: 0)
  do {
    let response = try await session.get(url, timeout: .seconds(2)).raiseForStatus()
    (outcome.status, outcome.bytes) = (response.status.code, response.body.count)
  } catch let error where !(error is CancellationError) {
    outcome.status = (error as? HTTPError)?.status?.code
    outcome.error = "\(error)"
  }
  let elapsed = start.duration(to: LoopClock.now)
  outcome.milliseconds = Int(elapsed / .milliseconds(1))
  return outcome
}

func fetchAll(_ urls: [String]) async throws {
  var retry = HTTPRetry()
  retry.attempts = 3
  retry.delay = .milliseconds(20)  // before the second attempt; then longer and longer
  var configuration = HTTPSession.Configuration()
  configuration.middleware = [.policy(HTTPPolicy(retry: retry))]
  let outcomes = try await withHTTPSession(configuration) { session in
    let count = Mutex(0)
    return try await gather(urls, limit: 10) { url in
      let outcome = try await fetch(url, with: session)
      let done = count.withLock { count in
        count += 1
        return count
      }
      try await standardError.write("\(done) of \(urls.count)\n")
      return outcome
    }
  }

  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  try await standardOutput.write(Array(try encoder.encode(outcomes)) + [10])
}

try EventLoop.run {
  let attempts = Mutex<[String: Int]>([:])
  let server = try HTTPServer(port: 0) { request in
    let attempt = attempts.withLock { attempts in
      attempts[request.path, default: 0] += 1
      return attempts[request.path, default: 0]
    }
    switch request.path {
    case "/missing": return HTTPServerResponse(status: .notFound)
    case "/flaky" where attempt == 1: return HTTPServerResponse(status: .serviceUnavailable)
    case "/slow": try await sleep(for: .seconds(10))
    default: break
    }
    return HTTPServerResponse(text: "You asked for \(request.path)")
  }
  let serving = createTask(name: "server") { try await server.serve() }
  try await fetchAll(["page", "flaky", "missing", "slow"].map { "http://\(server.localAddress)/\($0)" })
  serving.cancel()
}
