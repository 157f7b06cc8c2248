// One policy for all that is polite and robust. From the outside to the inside:
//
//   retry → circuit breaker → hedging → rate → places → the server
//
// so that each attempt is counted by the breaker, waits for its turn, and takes a place only while it is under way. What is
// counted is counted by origin; a host's state is kept while it is in use or says more than that of a new one.

import AsyncIOCoordination
import AsyncIORuntime
import HTTPTypes
import Synchronization

/// How requests are sent: how many at once, how often, and what is done about failures; each for one server.
///
/// ```swift
/// var policy = HTTPPolicy(retry: HTTPRetry())
/// policy.concurrency = .fixed(4)
/// policy.rate = HTTPRate(10, per: .seconds(1))
/// policy.breaker = HTTPCircuitBreaker()
/// configuration.middleware = [.policy(policy)]
/// ```
public struct HTTPPolicy: Sendable {
  /// How many requests are under way at once.
  public enum Concurrency: Hashable, Sendable {
    /// As many as there are connections.
    case unlimited
    /// This many.
    case fixed(Int)
    /// From `minimum` on as many as the server bears, up to `maximum`: one more for each round of successes, and half as many
    /// after an answer of 429 or 503, a lost connection, or a time that ran out (AIMD, as TCP does).
    case adaptive(minimum: Int = 1, maximum: Int = 100)
  }

  /// How many requests are under way at once.
  public var concurrency = Concurrency.unlimited
  /// How often requests are sent; nil for no limit.
  public var rate: HTTPRate?
  /// When a request is sent again; nil for never.
  public var retry: HTTPRetry?
  /// After how long a second request is sent beside one that has no answer yet; nil for never.
  public var hedging: HTTPHedging?
  /// When a server that fails is left alone; nil for never.
  public var breaker: HTTPCircuitBreaker?

  /// Makes a policy.
  ///
  /// - Parameters:
  ///   - concurrency: how many requests are under way at once.
  ///   - rate: how often requests are sent.
  ///   - retry: when a request is sent again.
  ///   - hedging: after how long a second one is sent.
  ///   - breaker: when a server that fails is left alone.
  public init(
    concurrency: Concurrency = .unlimited, rate: HTTPRate? = nil, retry: HTTPRetry? = nil,
    hedging: HTTPHedging? = nil, breaker: HTTPCircuitBreaker? = nil
  ) {
    self.concurrency = concurrency
    self.rate = rate
    self.retry = retry
    self.hedging = hedging
    self.breaker = breaker
  }
}

/// So many requests in so long a time.
public struct HTTPRate: Hashable, Sendable {
  let count: Int
  let period: Duration
  let burst: Int?

  /// Makes a rate.
  ///
  /// - Parameters:
  ///   - count: how many, from 1 on.
  ///   - period: in which time, in the long run.
  ///   - burst: how many at once after a pause; `count` if nil, and 1 to space them evenly.
  public init(_ count: Int, per period: Duration, burst: Int? = nil) {
    self.count = count
    self.period = period
    self.burst = burst
  }
}

/// When a second request is sent beside one that has no answer yet; the first answer counts, the other is cancelled.
///
/// Only for requests whose method is idempotent and whose body can be repeated.
public struct HTTPHedging: Hashable, Sendable {
  /// How long a request may go without an answer; best what 95 of 100 need.
  public var delay: Duration
  /// How many are under way for one request at most.
  public var attempts: Int

  /// Makes the rule.
  ///
  /// - Parameters:
  ///   - delay: how long a request may go without an answer.
  ///   - attempts: how many are under way for one request at most; at least 2.
  public init(after delay: Duration, attempts: Int = 2) {
    precondition(attempts >= 2, "Hedging is for 2 or more requests, not \(attempts).")
    self.delay = delay
    self.attempts = attempts
  }
}

extension HTTPMiddleware where Self == HTTPPolicyMiddleware {
  /// Sends requests as a policy says.
  public static func policy(_ policy: HTTPPolicy) -> HTTPPolicyMiddleware { HTTPPolicyMiddleware(policy) }
}

/// Sends requests as a policy says.
public final class HTTPPolicyMiddleware: HTTPMiddleware {
  let policy: HTTPPolicy
  private let hosts = Mutex<[HTTPOrigin: HTTPHostPolicy]>([:])

  /// How many hosts are kept that nobody uses.
  private static let keptHosts = 1000

  /// Makes the middleware.
  ///
  /// - Parameter policy: what it does.
  public init(_ policy: HTTPPolicy) { self.policy = policy }

  /// Sends a request on, perhaps later, perhaps several times.
  public func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
    let origin = HTTPOrigin(scheme: request.url.scheme, host: request.url.host, port: request.url.port)
    let host = enter(origin)
    defer { host.leave() }
    let step = HTTPPolicyStep(policy: policy, host: host, next: next)
    guard let retry = policy.retry else { return try await step.send(request) }
    return try await retry.send(request, next: step)
  }

  private func enter(_ origin: HTTPOrigin) -> HTTPHostPolicy {
    hosts.withLock { hosts in
      if let host = hosts[origin] {
        host.enter()
        return host
      }
      // All at once and seldom, so that it is little for each.
      if hosts.count >= Self.keptHosts * 2 {
        var surplus = hosts.count - Self.keptHosts
        for (origin, host) in hosts where surplus > 0 && host.isForgettable {
          hosts[origin] = nil
          surplus -= 1
        }
      }
      let host = HTTPHostPolicy(policy)
      host.enter()
      hosts[origin] = host
      return host
    }
  }
}

/// One attempt by the rules of a policy.
struct HTTPPolicyStep: Sendable {
  let policy: HTTPPolicy
  let host: HTTPHostPolicy
  let next: HTTPNext

  var deadline: LoopClock.Instant { next.deadline }

  func send(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
    guard let breaker = host.breaker else { return try await hedge(request) }
    let ticket = try breaker.enter(request)
    do {
      let response = try await hedge(request)
      breaker.note(isFailure: response.head.code >= 500, of: ticket)
      return response
    } catch {
      breaker.note(isFailure: Self.isOfServer(error) ? true : nil, of: ticket)
      throw error
    }
  }

  /// Whether an error says something about the server: not where it was not asked, or nobody wants to know any more.
  private static func isOfServer(_ error: any Error) -> Bool {
    switch error {
    case is CancellationError: false
    case let error as TimeoutError: (error.cause as? HTTPError)?.phase != .pool
    default: true
    }
  }

  private func hedge(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
    guard let hedging = policy.hedging, request.method.isIdempotent, request.body.isRepeatable else {
      return try await attempt(request)
    }
    let late = Mutex<TimeoutError?>(nil)
    do {
      return try await staggeredRace(0..<hedging.attempts, delay: hedging.delay) { _ -> HTTPClientResponse in
        do { return try await self.attempt(request) } catch let error as TimeoutError {
          late.withLock { $0 = error }
          throw error
        }
      }.value
    } catch let group as ErrorGroup {
      throw group.errors.first ?? group
    } catch is CancellationError where next.call.hasExpired {
      // Of what ends a race from outside, only its attempts know the reason.
      throw late.withLock { $0 } ?? CancellationError()
    }
  }

  private func attempt(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
    try await host.rate?.acquire()
    guard let places = host.places else { return try await ask(request) }
    try await places.acquire()
    do {
      let response = try await ask(request)
      host.note(response.head.code == 429 || response.head.code == 503 ? .overload : .success)
      places.release()
      return response
    } catch {
      host.note(Self.isOfServer(error) ? .overload : .nothing)
      places.release()
      throw error
    }
  }

  /// Sends a request on; when time is over meanwhile that is an error, other than while it waits for its turn.
  private func ask(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
    do { return try await next(request) } catch is CancellationError where next.call.hasExpired {
      // A middleware that answers in the place of a server, and has not.
      throw TimeoutError.inMiddleware(request, next.call)
    }
  }
}
