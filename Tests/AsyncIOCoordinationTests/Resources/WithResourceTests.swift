import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct WithResourceTests {
  @Test func `it is acquired, used and released`() async throws {
    let order = Journal<String>()
    let result = try await withResource(
      acquire: { () -> Int in
        order.note("acquire")
        return 1
      }, release: { order.note("release \($0)") }
    ) { resource in
      order.note("use \(resource)")
      return resource + 1
    }
    #expect(result == 2)
    #expect(order.entries == ["acquire", "use 1", "release 1"])
  }  // Python: async with

  @Test func `an acquisition that fails is neither used nor released`() async throws {
    await #expect(throws: TestFailure(1)) {
      try await withResource(
        acquire: { throw TestFailure(1) }, release: { _ in Issue.record("nothing was acquired") }
      ) { Issue.record("nothing was acquired") }
    }
  }

  @Test func `when the body fails it is released, and the error is the body's`() async throws {
    let released = Gauge()
    await #expect(throws: TestFailure(1)) {
      try await withResource(acquire: { 1 }, release: { _ in released.enter() }) { _ in throw TestFailure(1) }
    }
    #expect(released.total == 1)
  }

  @Test func `an error of the release is thrown, and beside the body's error none is lost`() async throws {
    await #expect(throws: TestFailure(2)) {
      try await withResource(acquire: { 1 }, release: { _ in throw TestFailure(2) }) { _ in }
    }
    let both = await #expect(throws: ErrorGroup.self) {
      try await withResource(acquire: { 1 }, release: { _ in throw TestFailure(2) }) { _ in
        throw TestFailure(1)
      }
    }
    #expect(both?.errors(of: TestFailure.self) == [TestFailure(1), TestFailure(2)])
  }  // Python: __context__

  @Test func `an error of the release wins over a cancellation of the body, and not the other way round`()
    async throws
  {
    let task = Task {
      try await withResource(acquire: { 1 }, release: { _ in throw TestFailure(2) }) { _ in
        try await sleep(for: .seconds(9))
      }
    }
    await settle()
    task.cancel()
    await #expect(throws: TestFailure(2)) { try await task.value }
    await #expect(throws: TestFailure(1)) {
      try await withResource(acquire: { 1 }, release: { _ in throw CancellationError() }) { _ in
        throw TestFailure(1)
      }
    }
  }

  @Test func `the release is told how the body has ended`() async throws {
    let exits = Journal<String>()
    let release: @Sendable (Int, ExitCase) async throws -> Void = { exits.note("\($0) \($1)") }
    try await withResource(acquire: { 1 }, release: release) { _ in }
    try? await withResource(acquire: { 2 }, release: release) { _ in throw TestFailure(7) }
    try? await withResource(acquire: { 3 }, release: release) { _ in throw CancellationError() }
    #expect(
      exits.entries == [
        "1 succeeded", "2 failed(AsyncIOCoordinationTests.TestFailure(number: 7))", "3 cancelled",
      ])
  }  // cats-effect: bracketCase

  @Test func `cancelled in the body, the release runs to its end, and does not find the cancellation`()
    async throws
  {
    let released = Journal<Bool>()
    let task = Task {
      try await withResource(
        acquire: { 1 },
        release: { _ in
          try await sleep(for: .seconds(1))
          released.note(Task.isCancelled)
        }
      ) { _ in try await sleep(for: .seconds(9)) }
    }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(released.entries == [false])
    #expect(LoopClock.now == .seconds(1))
  }

  @Test func `cancelled while it is released, the release runs to its end, and the result is there`()
    async throws
  {
    let released = Gauge()
    let task = Task {
      try await withResource(
        acquire: { 1 },
        release: { _ in
          try await sleep(for: .seconds(1))
          released.enter()
        }
      ) { $0 }
    }
    await settle()
    task.cancel()
    #expect(try await task.value == 1)
    #expect(released.total == 1)
  }

  @Test(arguments: [false, true])
  func `cancelled while it acquires, it is released if it was acquired`(_ isAcquiredInSpite: Bool)
    async throws
  {
    let (acquired, released) = (Gauge(), Gauge())
    let task = Task {
      try await withResource(
        acquire: {
          do { try await sleep(for: .seconds(1)) } catch { if !isAcquiredInSpite { throw error } }
          acquired.enter()
        }, release: { released.enter() }
      ) { try Task.checkCancellation() }
    }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(acquired.total == (isAcquiredInSpite ? 1 : 0))
    #expect(released.total == acquired.total)
  }

  @Test func `cancelled before, what needs no wait is acquired, used and released`() async throws {
    let released = Gauge()
    let task = Task {
      try await withResource(acquire: { 1 }, release: { _ in released.enter() }) { $0 }
    }
    task.cancel()
    #expect(try await task.value == 1)
    #expect(released.total == 1)
  }

  @Test func `a timeout around it waits for the release, and stays a timeout`() async throws {
    let released = Gauge()
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.seconds(1)) {
        try await withResource(
          acquire: { 1 },
          release: { _ in
            try await sleep(for: .seconds(5))
            released.enter()
          }
        ) { _ in try await sleep(for: .seconds(9)) }
      }
    }
    #expect(released.total == 1)
    #expect(LoopClock.now == .seconds(6))
  }

  @Test func `a resource is opened and closed`() async throws {
    let door = Door()
    try await withResource(door) { name in
      #expect(name == "open")
      #expect(door.journal.entries == ["open"])
    }
    await #expect(throws: TestFailure(1)) { try await withResource(door) { _ in throw TestFailure(1) } }
    #expect(door.journal.entries == ["open", "close succeeded", "open", "close failed"])
  }

  @Test @MainActor func `its parts run where their caller runs, and use what it may use`() async throws {
    var steps: [String] = []
    try await withResource(
      acquire: {
        MainActor.assertIsolated()
        steps.append("acquire")
      },
      release: {
        MainActor.assertIsolated()
        await Task.yield()
        steps.append("release")
      }
    ) {
      MainActor.assertIsolated()
      steps.append("use")
    }
    #expect(steps == ["acquire", "use", "release"])
  }
}

/// A resource that notes what happens to it.
struct Door: AsyncResource {
  let journal = Journal<String>()
  var name = ""
  var failure: TestFailure?

  func open() async throws -> String {
    journal.note("open\(name)")
    return "open\(name)"
  }

  func close(_ opened: String, after exit: ExitCase) async throws {
    #expect(opened == "open\(name)")
    await Task.yield()
    switch exit {
    case .succeeded: journal.note("close\(name) succeeded")
    case .failed: journal.note("close\(name) failed")
    case .cancelled: journal.note("close\(name) cancelled")
    }
    if let failure { throw failure }
  }
}
