import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct AsyncOnceTests {
  @Test func `the first computes, and all have its value`() async throws {
    let once = AsyncOnce<Int>()
    let computed = Gauge()
    #expect(once.valueIfComputed == nil)
    let values = try await gather(0..<10) { number in
      try await once.value {
        computed.enter()
        try await sleep(for: .seconds(1))
        return number
      }
    }
    #expect(values == Array(repeating: 0, count: 10))
    #expect(computed.total == 1)
    #expect(once.valueIfComputed == 0)
    #expect(try await once.value { throw TestFailure() } == 0)
    #expect(once.statistics == .init(isComputed: true, waiting: 0))
  }  // tokio: OnceCell::get_or_init

  @Test func `when it fails, its caller has the error, and the next in line computes`() async throws {
    let once = AsyncOnce<Int>()
    let order = Journal<Int>()
    let tasks = (0..<4).map { number in
      Task {
        try await once.value {
          order.note(number)
          try await sleep(for: .seconds(1))
          if number < 2 { throw TestFailure(number) }
          return number
        }
      }
    }
    await #expect(throws: TestFailure(0)) { try await tasks[0].value }
    await #expect(throws: TestFailure(1)) { try await tasks[1].value }
    #expect(try await tasks[2].value == 2)
    #expect(try await tasks[3].value == 2)
    #expect(order.entries == [0, 1, 2])
  }  // tokio: OnceCell::get_or_try_init

  @Test func `when the one that computes is cancelled, the next in line computes`() async throws {
    let once = AsyncOnce<Int>()
    let tasks = (0..<3).map { number in
      Task {
        try await once.value {
          try await sleep(for: .seconds(1))
          return number
        }
      }
    }
    await settle()
    #expect(once.statistics == .init(isComputed: false, waiting: 2))
    tasks[0].cancel()
    await #expect(throws: CancellationError.self) { try await tasks[0].value }
    #expect(try await tasks[2].value == 1)
  }

  @Test func `cancelled before or while it waits, it leaves, and the computation goes on`() async throws {
    let once = AsyncOnce<Int>()
    let first = Task {
      try await once.value {
        try await sleep(for: .seconds(1))
        return 1
      }
    }
    await settle()
    for waitsFirst in [false, true] {
      let task = Task { try await once.value { 2 } }
      if waitsFirst { await settle() }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
    #expect(once.statistics.waiting == 0)
    #expect(try await first.value == 1)
  }

  @Test func `cancelled just after its turn has come, it passes the turn on`() async throws {
    let once = AsyncOnce<Int>()
    let gate = AsyncEvent()
    let first = Task {
      try await once.value {
        try await gate.wait()
        throw TestFailure()
      }
    }
    await settle()
    let second = Task { try await once.value { 2 } }
    await settle()
    let third = Task { try await once.value { 3 } }
    await settle()
    gate.set()
    // The first runs and fails; the second has its turn and has not run.
    await giveWay()
    second.cancel()
    await #expect(throws: TestFailure()) { try await first.value }
    await #expect(throws: CancellationError.self) { try await second.value }
    #expect(try await third.value == 3)
  }

  @Test func `cancelled just after the value has come, it has the value`() async throws {
    let once = AsyncOnce<Int>()
    let gate = AsyncEvent()
    let first = Task {
      try await once.value {
        try await gate.wait()
        return 1
      }
    }
    await settle()
    let second = Task { try await once.value { 2 } }
    await settle()
    gate.set()
    await giveWay()
    second.cancel()
    #expect(try await second.value == 1)
    #expect(try await first.value == 1)
  }

  @Test func `a failure that nobody waited behind is forgotten`() async throws {
    let once = AsyncOnce<Int>()
    await #expect(throws: TestFailure(1)) { try await once.value { throw TestFailure(1) } }
    #expect(try await once.value { 2 } == 2)
  }

  @Test func `a lazy value is computed when it is first asked for`() async throws {
    let computed = Gauge()
    let lazy = AsyncLazy {
      computed.enter()
      await giveWay()
      return 42
    }
    #expect(lazy.valueIfComputed == nil)
    #expect(lazy.statistics == .init(isComputed: false, waiting: 0))
    #expect(computed.total == 0)
    #expect(try await gather(0..<5) { _ in try await lazy.value } == Array(repeating: 42, count: 5))
    #expect(computed.total == 1)
    #expect(lazy.valueIfComputed == 42)
    #expect(lazy.statistics == .init(isComputed: true, waiting: 0))
  }

  @Test func `it keeps nothing of those who have waited`() async throws {
    let once = AsyncOnce<Token>()
    weak var token: Token?
    do {
      let value = Token()
      token = value
      _ = try await gather(0..<3) { _ in try await once.value { value } }
    }
    #expect(token === once.valueIfComputed)
  }
}
