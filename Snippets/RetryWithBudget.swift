// A server that fails now and then, and a session that is polite and robust about it.

import AsyncIO
import AsyncIOHTTP
import Synchronization

try EventLoop.run {
  let count = Mutex(0)
  let server = try HTTPServer(port: 0) { request in
    let number = count.withLock { count in
      count += 1
      return count
    }
    return number % 3 == 0
      ? HTTPServerResponse(status: .serviceUnavailable, fields: [.retryAfter: "0"])
      : HTTPServerResponse(text: "You asked for \(request.path)")
  }
  let serving = createTask(name: "server") { try await server.serve() }

  var retry = HTTPRetry()
  retry.delay = .milliseconds(10)
  // Beyond the ten that are saved up, one repetition for two requests.
  retry.budget = HTTPRetryBudget(ratio: 0.5, reserve: 10)
  var policy = HTTPPolicy(concurrency: .fixed(4), retry: retry)
  policy.breaker = HTTPCircuitBreaker(failures: 10, pause: .seconds(5))

  var configuration = HTTPSession.Configuration()
  configuration.middleware = [.policy(policy)]
  try await withHTTPSession(configuration) { session in
    let statuses = try await gather(Array(1...12)) { number in
      try await session.get("http://\(server.localAddress)/\(number)").status.code
    }
    print(statuses, "after", count.withLock { $0 }, "requests")
  }
  serving.cancel()
}
