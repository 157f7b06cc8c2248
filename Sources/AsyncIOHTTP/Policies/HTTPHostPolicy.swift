import AsyncIOCoordination
import AsyncIORuntime
import Synchronization

/// What a policy knows of one server.
final class HTTPHostPolicy: Sendable {
  enum Sign {
    case success
    /// The server has too much to do, or gives no answer.
    case overload
    /// A cancellation, or an error without the server.
    case nothing
  }

  /// How many places there are, and what is known of how many there should be.
  private struct Window {
    var size: Double
    /// After a cut, signs of requests that were under way already do not cut again.
    var ignoresOverloadUntil = LoopClock.Instant(nanoseconds: .min)
  }

  let rate: RateLimiter?
  let places: Places?
  let breaker: HTTPBreakerState?
  private let range: ClosedRange<Int>?
  private let window: Mutex<Window>
  private let burst: Int
  private let users = Atomic(0)

  /// How long a cut is given to show.
  private static let pause = Duration.milliseconds(100)

  init(_ policy: HTTPPolicy) {
    rate = policy.rate.map { RateLimiter($0.count, per: $0.period, burst: $0.burst) }
    burst = policy.rate.map { $0.burst ?? $0.count } ?? 0
    breaker = policy.breaker.map(HTTPBreakerState.init)
    switch policy.concurrency {
    case .unlimited:
      places = nil
      range = nil
    case .fixed(let count):
      places = Places(count)
      range = nil
    case .adaptive(let minimum, let maximum):
      precondition(
        1 <= minimum && minimum <= maximum,
        "A server gets from 1 place on; \(minimum)...\(maximum) is no range of that.")
      places = Places(minimum)
      range = minimum...maximum
    }
    window = Mutex(Window(size: Double(range?.lowerBound ?? 1)))
  }

  func enter() { users.add(1, ordering: .relaxed) }
  func leave() { users.subtract(1, ordering: .relaxed) }

  /// Whether a new one would be as good.
  var isForgettable: Bool {
    guard users.load(ordering: .relaxed) == 0, breaker?.isForgettable ?? true else { return false }
    return rate.map { $0.statistics.available == burst } ?? true
  }

  /// Makes more places, or fewer, where that is to be found out.
  func note(_ sign: Sign) {
    guard let range, let places else { return }
    let size: Int? = window.withLock { window in
      switch sign {
      case .nothing: return nil
      case .success:
        // Only where all were taken: idle places prove nothing.
        guard places.isFull else { return nil }
        window.size = min(Double(range.upperBound), window.size + 1 / window.size)
      case .overload:
        let now = LoopClock.now
        guard now >= window.ignoresOverloadUntil else { return nil }
        window.ignoresOverloadUntil = now.advanced(by: Self.pause)
        window.size = max(Double(range.lowerBound), window.size / 2)
      }
      return Int(window.size)
    }
    if let size { places.limiter.total = size }
  }

  /// Places for requests, for whoever takes one, and not only one for each task.
  struct Places: Sendable {
    /// Each request is a borrower of its own.
    let limiter: CapacityLimiter
    init(_ count: Int) { limiter = CapacityLimiter(total: count) }

    var isFull: Bool {
      let statistics = limiter.statistics
      return statistics.borrowed >= statistics.total ?? .max
    }

    func acquire() async throws { try await limiter.acquire() }
    func release() { limiter.release() }
  }
}
