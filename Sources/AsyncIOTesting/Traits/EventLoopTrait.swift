public import Testing

/// Runs each test function on an event loop of its own.
///
/// ```swift
/// @Suite(.virtualTime) struct RetryTests {
///   @Test func `waits a minute between attempts`() async throws {
///     let start = LoopClock.now
///     try await retry(times: 3, every: .seconds(60)) { try await fails() }
///     #expect(start.duration(to: .now) == .seconds(120))  // and no time has passed
///   }
///
///   @Test(.virtualTime(seed: 42), .deadline(.seconds(2)))
///   func `survives an odd order of things`() async throws { … }
/// }
/// ```
///
/// The loop runs on a thread of its own; the test, and every task that it makes, `Task { }` included, run on it, one
/// at a time. Use the trait on a test or on a suite; on a suite it holds for each test in it, and a test's own traits
/// have the last word.
///
/// **Virtual time** stands still while anything can run, and jumps to the next timer when nothing can. `Task.sleep`,
/// `sleep(for:)`, timeouts and `LoopClock` follow it, in unmodified code as well; `ContinuousClock.now` and `Date` do
/// not. The order of tasks depends on nothing but the code, and on the seed if there is one: the same seed gives the
/// same order.
///
/// **Deadlock**: where time is virtual, a test that waits while nothing can run and no timer is set fails at once. The
/// issue says who waits for what. Work that goes on outside of the loop, such as on the main actor, has a fifth of a
/// second to come back.
///
/// **Deadline**: a test that takes longer than ten seconds of real time, or what `deadline` says, fails in the same
/// words. Its task is cancelled so that it unwinds; one second later it is abandoned, with whatever it is doing.
///
/// When the test has ended, tasks that it leaves are cancelled and awaited, and timers are dropped.
public struct EventLoopTrait: TestTrait, SuiteTrait {
  /// What the loop takes its time from.
  enum Time: Sendable {
    case system
    case virtual(seed: UInt64?)
  }

  /// Nil where another trait of the same test decides.
  let time: Time?
  let deadline: Duration?

  /// Whether the tests in a suite have the trait: always.
  public var isRecursive: Bool { true }
}

extension Trait where Self == EventLoopTrait {
  /// A loop of its own with virtual time, for each test.
  ///
  /// Ready tasks run in the order in which they became ready.
  public static var virtualTime: Self {
    EventLoopTrait(time: .virtual(seed: nil), deadline: nil)
  }

  /// A loop of its own with virtual time, for each test; ready tasks run in an order that the seed decides.
  ///
  /// - Parameter seed: The same number gives the same order. Use several, on several tests, to try several orders.
  /// - Returns: The trait.
  public static func virtualTime(seed: UInt64) -> Self {
    EventLoopTrait(time: .virtual(seed: seed), deadline: nil)
  }

  /// A loop of its own with the system's time, for each test.
  ///
  /// For tests that talk to something outside of the process; they have the deadline, and no deadlock is found before it.
  public static var realTime: Self {
    EventLoopTrait(time: .system, deadline: nil)
  }

  /// Fails a test that takes longer, in real time, and ends it.
  ///
  /// Without another trait of this kind, the test runs on a loop of its own with the system's time.
  ///
  /// - Parameter limit: How long the test may take, from its start on; ten seconds where nothing is said.
  /// - Returns: The trait.
  public static func deadline(_ limit: Duration) -> Self {
    EventLoopTrait(time: nil, deadline: limit)
  }
}
