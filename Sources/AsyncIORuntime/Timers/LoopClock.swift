/// The clock of the loop on which it is asked: monotonic time, or virtual time in tests.
///
/// Code that measures with this clock, rather than with `ContinuousClock`, can be tested without waiting.
///
/// ```swift
/// let start = LoopClock.now
/// try await sleep(for: .seconds(5))
/// print(start.duration(to: LoopClock.now))  // 5 seconds, also where no time has passed
/// ```
public struct LoopClock: Clock {
  /// A point in a loop's time; comparable with others of the same loop, or of any loops with real time.
  public struct Instant: InstantProtocol, CustomStringConvertible {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Now, on the loop of this thread; real monotonic time where there is none.
    public static var now: Instant { LoopClock.now }

    /// The instant `duration` after this one; saturates at about 292 years.
    public func advanced(by duration: Duration) -> Instant {
      let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
      return Instant(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    /// How long it is from this instant to `other`.
    public func duration(to other: Instant) -> Duration {
      .nanoseconds(other.nanoseconds) - .nanoseconds(nanoseconds)
    }

    /// Whether `left` comes before `right`.
    public static func < (left: Instant, right: Instant) -> Bool {
      left.nanoseconds < right.nanoseconds
    }

    /// Seconds on the loop's clock.
    public var description: String { "\(Duration.nanoseconds(nanoseconds))" }
  }

  /// Makes the clock; all are equal.
  public init() {}

  /// Now, on the loop of this thread; real monotonic time where there is none.
  public static var now: Instant { Instant(nanoseconds: EventLoop.orDefault.now) }

  /// Now, on the loop of this thread; real monotonic time where there is none.
  public var now: Instant { Self.now }

  /// The smallest step of the clock.
  public var minimumResolution: Duration { .nanoseconds(1) }

  /// Suspends until `deadline`.
  ///
  /// - Throws: `CancellationError` when the task is cancelled before or meanwhile.
  ///
  /// ## Cancellation
  /// Wakes the task at once; its timer is removed.
  public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
    try await AsyncIORuntime.sleep(until: deadline)
  }
}

extension Clock where Self == LoopClock {
  /// The clock of the loop of this thread.
  public static var loop: LoopClock { LoopClock() }
}

extension Duration {
  /// Nanoseconds, rounded towards zero, limited to 64 bits.
  package var wholeNanoseconds: Int64 {
    Int64(clamping: attoseconds / 1_000_000_000)
  }
}
