import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct AsyncExitStackTests {
  @Test func `releases run in the reverse order`() async throws {
    let order = Journal<String>()
    let door = Door()
    let result = try await withExitStack { stack in
      let number = try await stack.enter(acquire: { 1 }, release: { order.note("released \($0)") })
      #expect(try await stack.enter(door) == "open")
      stack.callback { order.note("callback") }
      stack.push { order.note("\($0)") }
      #expect(stack.count == 4)
      order.note("body")
      return number
    }
    #expect(result == 1)
    #expect(order.entries == ["body", "succeeded", "callback", "released 1"])
    #expect(door.journal.entries == ["open", "close succeeded"])
  }  // test_contextlib: test_callback, test_enter_context

  @Test func `each release runs, whatever the others throw, and no error is lost`() async throws {
    let exits = Journal<String>()
    let group = await #expect(throws: ErrorGroup.self) {
      try await withExitStack { stack in
        for number in 1...3 {
          stack.push {
            exits.note("\(number): \($0)")
            if number != 2 { throw TestFailure(number) }
          }
        }
        throw TestFailure(0)
      }
    }
    #expect(group?.errors(of: TestFailure.self) == [0, 3, 1].map { TestFailure($0) })
    let failed = { (number: Int) in "failed(AsyncIOCoordinationTests.TestFailure(number: \(number)))" }
    #expect(exits.entries == ["3: \(failed(0))", "2: \(failed(3))", "1: \(failed(3))"])
  }  // test_contextlib: test_exit_exception_chaining

  @Test func `one error is thrown as itself`() async throws {
    await #expect(throws: TestFailure(1)) {
      try await withExitStack { stack in stack.callback { throw TestFailure(1) } }
    }
    await #expect(throws: TestFailure(2)) {
      try await withExitStack { stack in
        stack.callback {}
        throw TestFailure(2)
      }
    }
  }

  @Test func `what could not be entered is not released, and what was entered before is`() async throws {
    let released = Journal<Int>()
    await #expect(throws: TestFailure(3)) {
      try await withExitStack { stack in
        for number in 1...5 {
          _ = try await stack.enter(
            acquire: { if number == 3 { throw TestFailure(3) } }, release: { released.note(number) })
        }
      }
    }
    #expect(released.entries == [2, 1])
  }

  @Test func `cancelled while something is entered, what was entered is released, unharmed`() async throws {
    let released = Journal<String>()
    let task = Task {
      try await withExitStack { stack in
        stack.push {
          try await sleep(for: .seconds(1))
          released.note("first \($0) \(Task.isCancelled)")
        }
        try await stack.enter(
          acquire: { try await sleep(for: .seconds(9)) }, release: { released.note("never") })
      }
    }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(released.entries == ["first cancelled false"])
    #expect(LoopClock.now == .seconds(1))
  }

  @Test func `cancelled while it unwinds, all releases run`() async throws {
    let released = Journal<Int>()
    let task = Task {
      try await withExitStack { stack in
        for number in 1...3 {
          stack.callback {
            try await sleep(for: .seconds(1))
            released.note(number)
          }
        }
      }
    }
    await settle()
    task.cancel()
    try await task.value
    #expect(released.entries == [3, 2, 1])
  }

  @Test func `a release may push others, which run next`() async throws {
    let order = Journal<String>()
    try await withExitStack { stack in
      stack.callback { order.note("first") }
      stack.callback {
        order.note("second")
        stack.callback { order.note("third") }
      }
    }
    #expect(order.entries == ["second", "third", "first"])
  }

  @Test func `popAll hands the releases over`() async throws {
    let order = Journal<String>()
    let kept = try await withExitStack { stack in
      stack.callback { order.note("1") }
      stack.push { order.note("2 \($0)") }
      let kept = stack.popAll()
      stack.callback { order.note("not handed over") }
      return kept
    }
    #expect(order.entries == ["not handed over"])
    #expect(kept.count == 2)
    try await kept.close(after: .cancelled)
    #expect(order.entries == ["not handed over", "2 cancelled", "1"])
    try await kept.close()
    #expect(order.count == 3, "each runs once")
  }  // test_contextlib: test_pop_all

  @Test func `closing by hand throws what the releases throw`() async throws {
    let kept = try await withExitStack { stack in
      stack.callback { throw TestFailure(1) }
      stack.callback { throw TestFailure(2) }
      return stack.popAll()
    }
    let group = await #expect(throws: ErrorGroup.self) { try await kept.close() }
    #expect(group?.errors(of: TestFailure.self) == [TestFailure(2), TestFailure(1)])
  }

  @Test func `it keeps nothing of what it has released`() async throws {
    weak var token: Token?
    try await withExitStack { stack in
      do {
        let own = Token()
        token = own
        stack.callback { withExtendedLifetime(own) {} }
      }
      #expect(token != nil)
      try await stack.close()
      #expect(token == nil)
    }
  }

  @Test @MainActor func `releases run where their caller runs, and use what it may use`() async throws {
    var steps: [Int] = []
    try await withExitStack { stack in
      for number in 1...3 {
        stack.callback {
          MainActor.assertIsolated()
          await Task.yield()
          steps.append(number)
        }
      }
    }
    #expect(steps == [3, 2, 1])
  }

  @Test(.realTime, .deadline(.seconds(60))) func `misuse traps with a sentence, or warns`() async {
    let late = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await withExitStack { $0 }.callback {}
    }
    #expect(late.says("an exit stack was used after its scope had ended: nobody would run its releases"))
    let lost = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      _ = try await withExitStack { stack in
        stack.callback {}
        return stack.popAll()
      }
    }
    #expect(lost.says("an exit stack went away with 1 releases that never ran: close what popAll returns"))
  }
}
