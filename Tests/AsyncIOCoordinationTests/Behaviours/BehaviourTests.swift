import AsyncIOBehaviours
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// The behaviours in this process; the programs of `BehaviourProgramTests` have them under the language and without a loop.
struct BehaviourTests {
  @Test(.virtualTime, arguments: Behaviour.all)
  func `on the deterministic loop`(_ behaviour: Behaviour) async throws {
    try await behaviour.run()
    await settle()
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test(.deadline(.seconds(30)), arguments: 1...10 as ClosedRange<UInt64>)
  func `on the deterministic loop, in another order`(_ seed: UInt64) async throws {
    try await onVirtualLoop(seed: seed) {
      for behaviour in Behaviour.all { try await behaviour.run() }
    }
  }

  @Test(.realTime, arguments: Behaviour.all)
  func `on a loop in real time`(_ behaviour: Behaviour) async throws {
    try await behaviour.run()
    await settle()
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test(.timeLimit(.minutes(1)), arguments: Behaviour.all)
  func `without a loop`(_ behaviour: Behaviour) async throws {
    #expect(EventLoop.current == nil)
    try await behaviour.run()
  }
}
