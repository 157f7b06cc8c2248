import AsyncIOBehaviours
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// Storms in this process; the programs of `BehaviourProgramTests` have them on two loops and without any.
@Suite(.deadline(.seconds(60))) struct StormTests {
  init() { UnhandledReports.begin() }

  @Test(arguments: 1...100 as ClosedRange<UInt64>)
  func `on the deterministic loop, twice in the same way`(_ seed: UInt64) async throws {
    let course = try await onVirtualLoop(seed: seed) { try await rage(seed, usesThreads: false) }
    let again = try await onVirtualLoop(seed: seed) { try await rage(seed, usesThreads: false) }
    #expect(again == course)
  }

  @Test(.realTime, arguments: 1...20 as ClosedRange<UInt64>)
  func `on a loop in real time`(_ seed: UInt64) async throws {
    _ = try await rage(seed)
    await settle()
    #expect(EventLoop.current?.timerCount == 0)
  }
}

private func rage(_ seed: UInt64, usesThreads: Bool = true) async throws -> String {
  try await Storm(seed: seed, usesThreads: usesThreads).rage {
    UnhandledReports.all { $0 is StormError }.map(\.error)
  }
}
