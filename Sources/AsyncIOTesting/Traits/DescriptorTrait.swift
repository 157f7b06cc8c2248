internal import AsyncIORuntime
public import Testing

/// Fails a test that leaves sockets or pipes open.
///
/// ```swift
/// @Suite(.realTime, .closesDescriptors) struct ServerTests { … }
/// ```
///
/// What belongs to the test's own loop is counted before and after it, so that tests may run beside each other. To stand after the
/// trait that gives the test its loop; where there is none, nothing is counted.
public struct DescriptorTrait: TestTrait, SuiteTrait, TestScoping {
  /// Whether the tests in a suite have the trait: always.
  public var isRecursive: Bool { true }

  /// Runs one test case, and counts.
  ///
  /// - Throws: What the test throws.
  ///
  /// ## Cancellation
  /// Is passed on to the test.
  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    guard let run = TestRun.current else { return try await function() }
    let before = run.loop.descriptorCount
    try await function()
    // Tasks that were cancelled, or have nothing left to do, end now.
    await settle()
    let left = run.loop.descriptorCount - before
    if left > 0 {
      Issue.record("the test leaves \(left) descriptors open", sourceLocation: test.sourceLocation)
    }
  }
}

extension Trait where Self == DescriptorTrait {
  /// Fails a test that leaves sockets or pipes open.
  public static var closesDescriptors: Self { DescriptorTrait() }
}
