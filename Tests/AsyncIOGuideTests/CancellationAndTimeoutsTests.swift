import AsyncIO
import AsyncIOTesting
import Testing

/// The code of the guide's page on cancellation and timeouts.
@Suite struct CancellationAndTimeoutsTests {
  @Test(.virtualTime) func `a timeout`() async throws {
    do {
      try await withTimeout(.seconds(5)) { try await slowOperation() }
    } catch is TimeoutError {
      print("timed out")
    }
  }

  @Test(.virtualTime) func `the earliest deadline ends what is in it`() async throws {
    let elapsed = try await duration {
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(2)) {
          try await withTimeout(.seconds(30)) { try await slowOperation() }
        }
      }
    }
    #expect(elapsed == .seconds(2))
  }

  @Test(.virtualTime) func `nil instead of an error`() async throws {
    let page = try await withTimeoutOrNil(.milliseconds(100)) { try await fetch("a") } ?? "from the cache"
    #expect(page == "from the cache")
  }

  @Test(.virtualTime) func `a deadline that moves`() async throws {
    try await withTimeout(.seconds(2)) { scope in
      for url in urls {
        _ = try await fetch(url)
        scope.reschedule(to: LoopClock.now.advanced(by: .seconds(2)))  // two seconds for each, not for all
      }
    }
  }

  @Test(.virtualTime) func `a scope that is cancelled`() async throws {
    let nothing: Void? = try await withCancelScope { scope in
      scope.cancel(reason: "never mind")
      try await slowOperation()
    }
    #expect(nothing == nil)  // the scope was cancelled, its caller was not
  }

  func sayGoodbye() async throws { try await sleep(for: .milliseconds(20)) }

  func converse() async throws {
    do {
      try await slowOperation()
    } catch {
      try await withShield { try await withTimeout(.seconds(1)) { try await sayGoodbye() } }
      throw error
    }
  }

  @Test(.virtualTime) func `what must be done is done`() async throws {
    let elapsed = try await duration {
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(5)) { try await converse() }
      }
    }
    #expect(elapsed == .milliseconds(5020))
  }

  @Test(.virtualTime) func `the reason is known`() async throws {
    let task = createTask {
      do { try await slowOperation() } catch {
        print("ended:", Task.cancellationReason.map { "\($0)" } ?? "unknown")
        throw error
      }
    }
    try await checkpoint()
    task.cancel(reason: "superseded")
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test(.virtualTime) func `how much time is left`() async throws {
    try await withTimeout(.seconds(5)) {
      let left = CancelScope.effectiveDeadline.map { LoopClock.now.duration(to: $0) }
      #expect(left == .seconds(5))
    }
  }

  @Test(.virtualTime) func `again and again`() async throws {
    var count = 0
    for await _ in every(.seconds(1)) {
      count += 1
      if count == 3 { break }
    }
    #expect(count == 3)
  }
}
