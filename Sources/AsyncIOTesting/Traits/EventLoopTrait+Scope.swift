// How the trait is applied: the outermost of a test's traits makes the loop, for all of them.

internal import AsyncIORuntime
public import Testing

extension EventLoopTrait: TestScoping {
  /// Runs one test case on a loop of its own.
  ///
  /// - Throws: What the test throws; `IOError` where the system has no descriptor left for the loop.
  ///
  /// ## Cancellation
  /// Is passed on to the test; returns when that has ended, or was abandoned.
  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    // The outer trait has read this one's wishes too.
    guard TestRun.current == nil else { return try await function() }
    try await TestSlots.shared.withSlot {
      let run = try TestRun(test.displayName ?? test.name, Self.settings(of: test))
      try await run.perform(EscapingBody(function).body) { failure in
        Issue.record("\(failure)", sourceLocation: test.sourceLocation)
      }
    }
  }

  /// What a test's traits say together; the innermost has the last word.
  private static func settings(of test: Test) -> TestRun.Settings {
    var settings = TestRun.Settings()
    for case let trait as EventLoopTrait in test.traits {
      settings.time = trait.time ?? settings.time
      settings.deadline = trait.deadline ?? settings.deadline
    }
    return settings
  }
}
