import AsyncIORuntime
import Synchronization

/// When a server that fails is left alone, so that neither it nor who asks it wastes time.
///
/// After so many failures one after another requests to it fail at once, with the code `refusedByPolicy`. After a pause one
/// request is let through: if it succeeds all are again, otherwise there is another pause. Those that were under way before do
/// not count then.
public struct HTTPCircuitBreaker: Hashable, Sendable {
  /// How many failures one after another open the circuit: errors, time that has run out while the server was asked, and
  /// statuses from 500 on.
  public var failures: Int
  /// How long the server is left alone.
  public var pause: Duration

  /// Makes a breaker.
  ///
  /// - Parameters:
  ///   - failures: how many failures one after another; at least 1.
  ///   - pause: how long the server is left alone.
  public init(failures: Int = 10, pause: Duration = .seconds(10)) {
    precondition(failures > 0, "A circuit breaker opens after 1 failure or more, not \(failures).")
    self.failures = failures
    self.pause = pause
  }
}

/// The breaker of one server.
final class HTTPBreakerState: Sendable {
  private enum State {
    /// Requests pass; so many have failed one after another. Goes to `open`.
    case closed(failures: Int)
    /// None passes until then. Goes to `trying`.
    case open(until: LoopClock.Instant)
    /// One is under way, to see. Goes to `closed`, `open`.
    case trying
  }

  /// In which state a request was let through: how that ends says nothing about another.
  struct Ticket: Equatable { fileprivate var number = 0 }

  private let rule: HTTPCircuitBreaker
  private let state = Mutex((state: State.closed(failures: 0), ticket: Ticket()))

  init(_ rule: HTTPCircuitBreaker) { self.rule = rule }

  var isForgettable: Bool {
    state.withLock { if case .closed(0) = $0.state { true } else { false } }
  }

  /// Lets a request through, or throws.
  func enter(_ request: HTTPClientRequest) throws(HTTPError) -> Ticket {
    let (ticket, rest): (Ticket, Duration?) = state.withLock { breaker in
      switch breaker.state {
      case .closed: break
      case .trying: return (breaker.ticket, .zero)
      case .open(let end):
        let now = LoopClock.now
        guard now >= end else { return (breaker.ticket, now.duration(to: end)) }
        breaker.state = .trying
        breaker.ticket.number += 1
      }
      return (breaker.ticket, nil)
    }
    guard let rest else { return ticket }
    let when =
      rest > .zero ? "it is asked again in \(HTTPTimings.text(rest))" : "one request is trying it just now"
    throw HTTPError(
      code: .refusedByPolicy,
      message: "\(request.title): not sent, as the server has failed too often; \(when)",
      url: request.url)
  }

  /// Takes note of how a request has ended; nil if that says nothing.
  func note(isFailure: Bool?, of ticket: Ticket) {
    state.withLock { breaker in
      guard ticket == breaker.ticket else { return }
      switch (breaker.state, isFailure) {
      case (.closed(let failures), true) where failures + 1 < rule.failures:
        breaker.state = .closed(failures: failures + 1)
        return
      case (.closed, false):
        breaker.state = .closed(failures: 0)
        return
      case (.closed, true), (.trying, true):
        breaker.state = .open(until: LoopClock.now.advanced(by: rule.pause))
      case (.trying, false): breaker.state = .closed(failures: 0)
      // Given up: the next one tries.
      case (.trying, nil): breaker.state = .open(until: .now)
      case (.closed, nil), (.open, _): return
      }
      breaker.ticket.number += 1
    }
  }
}
