import AsyncIO
import AsyncIOHTTP
import Synchronization

/// Sends requests to each server as often as that server bears: a policy for each.
final class CrawlPolicies: HTTPMiddleware {
  private let retries: Int
  private let interval: Duration
  private let servers = Mutex<[String: HTTPPolicyMiddleware]>([:])
  private let delays = Mutex<[String: Duration]>([:])

  /// Makes the policies.
  ///
  /// - Parameters:
  ///   - rate: How many requests are begun in a second with one server; 0 for no limit.
  ///   - retries: How often a request is sent again that has failed in a way that may pass.
  init(rate: Int, retries: Int) {
    self.retries = retries
    interval = rate > 0 ? .seconds(1) / rate : .zero
  }

  /// How long after one request to a server the next one is sent.
  func interval(of url: HTTPURL) -> Duration { delays.withLock { $0[url.authority] } ?? interval }

  /// Takes note of how long a server wants us to wait between requests, if that is longer than we would.
  func setDelay(_ delay: Duration, of url: HTTPURL) {
    guard delay > interval(of: url) else { return }
    delays.withLock { $0[url.authority] = delay }
    servers.withLock { $0[url.authority] = nil }
  }

  /// Sends a request when it is its turn, and again where that may help.
  func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
    let interval = interval(of: request.url)
    let policy = servers.withLock { servers in
      if let policy = servers[request.url.authority] { return policy }
      let policy = HTTPPolicyMiddleware(makePolicy(every: interval))
      servers[request.url.authority] = policy
      return policy
    }
    return try await policy.send(request, next: next)
  }

  private func makePolicy(every interval: Duration) -> HTTPPolicy {
    var policy = HTTPPolicy()
    if interval > .zero { policy.rate = HTTPRate(1, per: interval, burst: 1) }
    if retries > 0 {
      var retry = HTTPRetry()
      retry.attempts = retries + 1
      retry.delay = max(.seconds(1), interval)
      // A server that fails at a page, rather than for want of time, does so again.
      retry.statuses = [408, 425, 429, 502, 503, 504]
      retry.jitter = 0
      policy.retry = retry
    }
    return policy
  }
}
