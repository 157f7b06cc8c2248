import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// The table of children, and who may add to it.
@Suite(.virtualTime) struct TaskScopeTests {
  @Test func `ten thousand children that end in any order leave nothing behind`() async throws {
    let loop = try #require(EventLoop.current)
    var numbers = SeededNumbers(seed: 1)
    let times = (0..<10_000).map { _ in numbers.next(below: 100) }
    let ended = Gauge()
    try await withTaskScope { scope in
      for round in 0..<2 {
        for time in times[(round * 5000)..<(round * 5000 + 5000)] {
          scope.createTask {
            try await sleep(for: .milliseconds(time))
            ended.enter()
          }
        }
        #expect(scope.count <= 10_000 && scope.count >= 5000)
        try await sleep(for: .milliseconds(50))
      }
      try await sleep(for: .seconds(1))
      #expect(scope.count == 0)
    }
    #expect(ended.total == 10_000)
    #expect(!TaskRegistry.shared.all.contains { $0.loop === loop })
    #expect(loop.timerCount == 0)
  }

  @Test func `a child that has ended is let go while the scope goes on`() async throws {
    try await withTaskScope { scope in
      weak var used: Token?
      weak var value: Token?
      do {
        let token = Token()
        used = token
        let handle = scope.createTask { [token] in
          _ = token
          return Token()
        }
        value = try await handle.value
        #expect(value != nil)
      }
      await settle()
      #expect(used == nil)
      #expect(value == nil)
      #expect(scope.count == 0)
    }
  }

  @Test func `children that are made by children end before the scope`() async throws {
    let total = Gauge()
    try await withTaskScope { scope in
      @Sendable func grow(_ depth: Int) {
        total.enter()
        guard depth > 0 else { return }
        for _ in 0..<2 {
          scope.createTask {
            try await sleep(for: .milliseconds(depth))
            grow(depth - 1)
          }
        }
      }
      grow(10)
    }
    #expect(total.total == 2047)
  }

  @Test func `an eager child that ends at once has left`() async throws {
    try await withTaskScope { scope in
      let handle = scope.createTask(eagerStart: true) { 42 }
      #expect(handle.isDone)
      #expect(scope.count == 0)
      let value = try await handle.value
      #expect(value == 42)
    }
  }

  @Test func `an eager child that fails at once ends the scope at the next wait`() async throws {
    await #expect(throws: TestFailure(1)) {
      try await withTaskScope { scope in
        let handle = scope.createTask(eagerStart: true) { throw TestFailure(1) }
        #expect(handle.isDone)
        #expect(!Task.isCancelled)
        try await sleep(for: .seconds(1000))
      }
    }
    await #expect(throws: TestFailure(2)) {
      try await withTaskScope { scope in
        scope.createTask(eagerStart: true) { throw TestFailure(2) }
      }
    }
    #expect(LoopClock.now == .seconds(0))
  }

  @Test func `two eager children that fail at once are both heard`() async throws {
    let group = await #expect(throws: ErrorGroup.self) {
      try await withTaskScope { scope in
        for number in 0..<2 { scope.createTask(eagerStart: true) { throw TestFailure(number) } }
      }
    }
    #expect(group?.errors(of: TestFailure.self) == [TestFailure(0), TestFailure(1)])
  }

  @Test func `on a scope that was cancelled an eager child does not run`() async throws {
    let started = Journal<Void>()
    try await withTaskScope { scope in
      scope.cancel()
      let handle = scope.createTask(eagerStart: true) { started.note(()) }
      #expect(handle.isDone && handle.isCancelled && handle.state == .cancelled)
      #expect(!handle.cancel())
      #expect(scope.count == 0)
    }
    #expect(started.count == 0)
  }

  @Test func `an eager child may cancel its scope before its maker goes on`() async throws {
    let reached = Journal<Bool>()
    try await withTaskScope { scope in
      scope.createTask(eagerStart: true) {
        scope.cancel()
        reached.note(Task.isCancelled)
        try await sleep(for: .seconds(1000))
      }
      reached.note(Task.isCancelled)
      try await sleep(for: .seconds(1000))
    }
    #expect(reached.entries == [true, true])
    #expect(LoopClock.now == .seconds(0))
  }

  @Test func `the cancellation of a child that the body awaits is thrown`() async throws {
    await #expect(throws: CancellationError.self) {
      try await withTaskScope { scope in
        let handle = scope.createTask { try await sleep(for: .seconds(1000)) }
        handle.cancel()
        try await handle.value
        Issue.record("the value of a cancelled task")
      }
    }
    #expect(!Task.isCancelled)
  }

  @Test func `a cancellation that the body makes up is thrown, and cancels the children`() async throws {
    let cleaned = Journal<Void>()
    await #expect(throws: CancellationError.self) {
      try await withTaskScope { scope in
        scope.createTask { try await sleepAndCleanUp { cleaned.note(()) } }
        await settle()
        throw CancellationError()
      }
    }
    #expect(cleaned.count == 1)
  }

  @Test func `errors at each of three depths come out together`() async throws {
    let group = await #expect(throws: ErrorGroup.self) {
      try await withTaskScope { outer in
        outer.createTask {
          do { try await sleep(for: .seconds(1000)) } catch { throw TestFailure(1) }
        }
        try await withTaskScope { middle in
          middle.createTask {
            do { try await sleep(for: .seconds(1000)) } catch { throw TestFailure(2) }
          }
          try await withTaskScope { inner in
            inner.createTask {
              try await sleep(for: .seconds(1))
              throw TestFailure(3)
            }
            try await sleep(for: .seconds(1000))
          }
        }
      }
    }
    #expect(Set(group?.errors(of: TestFailure.self).map(\.number) ?? []) == [1, 2, 3])
    #expect(LoopClock.now == .seconds(1))
  }
}

/// Children from other threads.
@Suite(.realTime, .deadline(.seconds(60))) struct TaskScopeThreadTests {
  @Test func `another thread may start children while the scope runs`() async throws {
    let ended = Gauge()
    try await withTaskScope { scope in
      let done = Waiter()
      LoopThread.start(named: "starter") {
        for _ in 0..<100 {
          scope.createTask {
            await Task.yield()
            ended.enter()
          }
        }
        done.finish(.woken)
      }
      await done.waitUncancelled(for: "another thread")
    }
    #expect(ended.total == 100)
  }

  @Test func `children may run on another loop, and end before the scope does`() async throws {
    let ended = Gauge()
    try await onTwoLoops { other in
      try await withTaskScope { scope in
        await withTaskExecutorPreference(other) {
          for _ in 0..<100 {
            scope.createTask {
              for _ in 0..<3 { await giveWay() }
              #expect(other.isCurrent)
              ended.enter()
            }
          }
        }
        #expect(!other.isCurrent)
      }
      #expect(!other.isCurrent)
    }
    #expect(ended.total == 100)
  }

  @Test func `a child of another loop that fails cancels the body on this one`() async throws {
    await #expect(throws: TestFailure(1)) {
      try await onTwoLoops { other in
        try await withTaskScope { scope in
          await withTaskExecutorPreference(other) {
            _ = scope.createTask { throw TestFailure(1) }
          }
          try await sleep(for: .seconds(1000))
        }
      }
    }
  }
}
