import AsyncIOCoordination
import AsyncIORuntime
import HTTPTypes
import Synchronization

/// When a request is sent again that has failed.
///
/// ```swift
/// var retry = HTTPRetry()
/// retry.attempts = 5
/// configuration.middleware = [.policy(HTTPPolicy(retry: retry))]
/// ```
///
/// Only what may be sent twice is: a body that can be repeated, and a method that is idempotent, unless nothing of the request
/// has reached the server or it has said 429. The time of the request goes on meanwhile; there is no attempt that could not
/// begin before its end.
public struct HTTPRetry: Sendable {
  /// How often a request is sent at most, the first time included.
  public var attempts = 3
  /// How long to wait before the second attempt; twice as long before the third, and so on.
  public var delay: Duration = .milliseconds(200)
  /// How long to wait at most, as far as the server does not ask for more.
  public var maximumDelay: Duration = .seconds(20)
  /// Which part of a wait is left to chance, from 0 to 1, so that clients do not come back all at once.
  public var jitter = 0.5
  /// Which statuses are failures that may pass.
  public var statuses: Set<Int> = [408, 425, 429, 500, 502, 503, 504]
  /// How long a `Retry-After` may ask to wait; for a longer one the response is returned at once.
  public var maximumRetryAfter: Duration = .seconds(60)
  /// What limits attempts of all requests together; nil for nothing.
  public var budget: HTTPRetryBudget? = HTTPRetryBudget()
  /// Whether methods that are not idempotent are sent again too.
  public var repeatsEverything = false

  /// Makes the default policy.
  public init() {}

  /// How long to wait after an attempt, without what the server asks for.
  func backoff(after attempt: Int) -> Duration {
    let factor = 1 << min(attempt - 1, 30)
    let full = min(delay * factor, maximumDelay)
    return full * (1 - jitter * Double.random(in: 0..<1))
  }
}

/// Lets only a part of all requests be repeated, so that repeating does not finish off a server that has too much to do.
///
/// Each request pays in a part of a repetition, and each repetition takes out a whole one (as in Finagle and in Linkerd).
public final class HTTPRetryBudget: Sendable {
  private let ratio: Double
  private let reserve: Double
  private let balance: Mutex<Double>

  /// Makes a budget.
  ///
  /// - Parameters:
  ///   - ratio: how many repetitions there are for each request in the long run.
  ///   - reserve: how many there are at the beginning, and how many can be saved up.
  public init(ratio: Double = 0.2, reserve: Int = 10) {
    precondition(
      ratio >= 0 && reserve >= 0,
      "A budget of \(ratio) with a reserve of \(reserve) cannot be; give none below 0.")
    self.ratio = ratio
    self.reserve = Double(max(reserve, 1))
    balance = Mutex(Double(reserve))
  }

  func deposit() { balance.withLock { $0 = min($0 + ratio, reserve) } }

  func withdraw() -> Bool {
    balance.withLock { balance in
      // Tenths do not add up to a whole exactly.
      guard balance > 1 - 1e-9 else { return false }
      balance -= 1
      return true
    }
  }
}

extension HTTPRetry {
  /// Sends a request, and again as long as that may help.
  func send(_ request: HTTPClientRequest, next: HTTPPolicyStep) async throws -> HTTPClientResponse {
    budget?.deposit()
    var attempt = 1
    while true {
      let outcome: Result<HTTPClientResponse, any Error>
      do {
        outcome = .success(try await next.send(request))
      } catch {
        outcome = .failure(error)
      }
      guard attempt < attempts, request.body.isRepeatable, !Task.isCancelled,
        let wait = pause(after: outcome, of: request, attempt: attempt),
        LoopClock.now.advanced(by: wait) < next.deadline,
        budget?.withdraw() ?? true
      else { return try outcome.get() }
      if case .success(let response) = outcome { await response.extras?.stream?.end() }
      attempt += 1
      try await sleep(for: wait)
    }
  }

  /// How long to wait before the next attempt; nil if there is to be none.
  package func pause(
    after outcome: Result<HTTPClientResponse, any Error>, of request: HTTPClientRequest, attempt: Int
  ) -> Duration? {
    let mayRepeat = repeatsEverything || request.method.isIdempotent
    switch outcome {
    case .success(let response):
      let code = response.head.code
      guard statuses.contains(code), mayRepeat || code == 429 else { return nil }
      guard let asked = Self.retryAfter(response) else { return backoff(after: attempt) }
      return asked <= maximumRetryAfter ? max(asked, backoff(after: attempt)) : nil
    case .failure(let error):
      return Self.isPassing(error, mayRepeat: mayRepeat) ? backoff(after: attempt) : nil
    }
  }

  private static func isPassing(_ error: any Error, mayRepeat: Bool) -> Bool {
    switch error {
    case let error as HTTPError:
      // Without a connection nothing was sent.
      error.code == .connectionFailed || (mayRepeat && error.code == .connectionLost)
    case let error as HTTPCodecError:
      mayRepeat && (error.code == .truncatedBody || error.code == .truncatedHead)
    case is TimeoutError: mayRepeat
    default: false
    }
  }

  /// What `Retry-After` asks for, in seconds or as a date (RFC 9110 §10.2.3).
  static func retryAfter(_ response: HTTPClientResponse) -> Duration? {
    guard let text = response[.retryAfter]?.trimmed, !text.isEmpty else { return nil }
    if text.utf8.allSatisfy(\.isDigit) {
      return .seconds(Int(text).map { min($0, 1_000_000_000) } ?? 1_000_000_000)
    }
    guard let date = HTTPDateText.seconds(parsing: text) else { return nil }
    // By the server's clock if it tells it, so that ours may be wrong.
    let now = response[.date].flatMap(HTTPDateText.seconds(parsing:)) ?? HTTPWallClock.now
    return .seconds(max(0, date - now))
  }
}
