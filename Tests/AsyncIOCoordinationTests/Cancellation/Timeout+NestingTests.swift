import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct TimeoutNestingTests {
  @Test func `the inner one expires first, and the outer one goes on`() async throws {
    let value = try await withTimeout(.seconds(10)) {
      await expectTimeoutAfterASecond()
      try await sleep(for: .seconds(2))
      return 42
    }
    #expect(value == 42)
    #expect(LoopClock.now == .seconds(3))
  }

  @Test func `the inner one expires first, and then the outer one`() async throws {
    await #expect(throws: TimeoutError(after: .seconds(10))) {
      try await withTimeout(.seconds(10)) {
        await expectTimeoutAfterASecond()
        try await sleep(for: .seconds(100))
      }
    }
    #expect(LoopClock.now == .seconds(10))
  }  // test_timeouts: test_nested_timeouts_loop_busy

  @Test func `the outer one expires first, and the inner one sees a cancellation`() async throws {
    let inner = Journal<Bool>()
    await #expect(throws: TimeoutError(after: .seconds(1))) {
      try await withTimeout(.seconds(1)) {
        do {
          try await withTimeout(.seconds(10)) { try await sleep(for: .seconds(100)) }
        } catch {
          inner.note(error is CancellationError)
          throw error
        }
      }
    }
    #expect(inner.entries == [true])
    #expect(LoopClock.now == .seconds(1))
  }  // test_timeouts: test_nested_timeouts

  @Test func `both expire at once: the outer one's error comes out`() async throws {
    let inner = Journal<Bool>()
    await #expect(throws: TimeoutError(after: .milliseconds(1000))) {
      try await withTimeout(.milliseconds(1000)) {
        do {
          try await withTimeout(.seconds(1)) { try await sleep(for: .seconds(100)) }
        } catch {
          inner.note(error is CancellationError)
          throw error
        }
      }
    }
    #expect(inner.entries == [true], "the outer one has cancelled the task that the inner one returns to")
    #expect(LoopClock.now == .seconds(1))
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_timeouts: test_nested_timeouts

  @Test func `ten deep, the shortest decides`() async throws {
    @Sendable func nest(_ depths: ArraySlice<Int>) async throws {
      guard let seconds = depths.first else { return try await sleep(for: .seconds(1000)) }
      try await withTimeout(.seconds(seconds)) { try await nest(depths.dropFirst()) }
    }
    await #expect(throws: TimeoutError(after: .seconds(3))) {
      try await nest([10, 9, 8, 7, 3, 6, 5, 14, 11, 20])
    }
    #expect(LoopClock.now == .seconds(3))
    #expect(EventLoop.current?.timerCount == 0)
  }

  private func expectTimeoutAfterASecond() async {
    await #expect(throws: TimeoutError(after: .seconds(1))) {
      try await withTimeout(.seconds(1)) { try await sleep(for: .seconds(100)) }
    }
  }
}
