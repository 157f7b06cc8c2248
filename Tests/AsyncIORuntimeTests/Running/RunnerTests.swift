import AsyncIOTesting
import Testing

@testable import AsyncIORuntime

/// Runners off the process's first thread: the fallback.
///
/// The mode under the language has its tests in programs.
struct RunnerTests {
  private struct Failure: Error, Equatable {
    let number: Int
  }

  @Test func `run returns the value of its function`() async throws {
    let value = try await onOwnThread { try EventLoop.run { 42 } }
    #expect(value == 42)
  }

  @Test func `run throws the error of its function`() async {
    await #expect(throws: Failure(number: 7)) {
      try await onOwnThread { try EventLoop.run { throw Failure(number: 7) } }
    }
  }

  @Test func `the function and its tasks run on the loop`() async throws {
    let places = try await onOwnThread {
      let runner = try Runner()
      defer { runner.close() }
      let loop = runner.loop
      return try runner.run {
        var places = [loop.isCurrent]
        try await Task.sleep(for: .milliseconds(1))
        places.append(loop.isCurrent)
        try await sleep(for: .milliseconds(1))
        places.append(loop.isCurrent)
        async let child = loop.isCurrent
        places.append(await child)
        places.append(await Task { loop.isCurrent }.value)
        return places
      }
    }
    #expect(places == Array(repeating: true, count: 5))
  }

  @Test func `several runs share one runner, and tasks go on in the next`() async throws {
    let order = Journal<Int>()
    let results = try await onOwnThread {
      let runner = try Runner()
      defer { runner.close() }
      let first = try runner.run {
        _ = makeRecordedTask("left") {
          order.note(1)
          try? await sleep(for: .milliseconds(1))
          order.note(2)
        }
        await Task.yield()
        return 1
      }
      let second = try runner.run {
        try await sleep(for: .milliseconds(3))
        return first + 1
      }
      return [first, second]
    }
    #expect(results == [1, 2])
    #expect(order.entries == [1, 2])
  }

  @Test func `a run inside of a run is refused`() async throws {
    let code = try await onOwnThread {
      try EventLoop.run {
        do {
          return try EventLoop.run { EventLoopError.Code.closed }
        } catch let error as EventLoopError {
          return error.code
        }
      }
    }
    #expect(code == .alreadyRunning)
  }

  @Test func `a run inside of a run of the same runner is refused, and nothing of it runs`() async throws {
    let ran = Journal<Void>()
    let code = try await onOwnThread {
      let shared = SharedRunner(try Runner())
      defer { shared.runner.close() }
      return try shared.runner.run {
        do {
          try shared.runner.run { ran.note(()) }
          return EventLoopError.Code.closed
        } catch let error as EventLoopError {
          return error.code
        }
      }
    }
    #expect(code == .alreadyRunning)
    #expect(ran.count == 0)
  }  // test_runners: RunnerTests.test_recursive_run

  @Test func `each run sees the task-local values of its caller`() async throws {
    let values = try await onOwnThread {
      let runner = try Runner()
      defer { runner.close() }
      return try (0..<3).map { number in
        try Local.$value.withValue(number) {
          try runner.run {
            await giveWay()
            return Local.value
          }
        }
      }
    }
    #expect(values == [0, 1, 2])
  }  // test_runners: RunnerTests.test_run_keeps_context, where what one run sets the next one sees

  @Test func `a runner that was closed refuses to run`() async throws {
    let code = try await onOwnThread {
      let runner = try Runner()
      runner.close()
      runner.close()
      do {
        return try runner.run { EventLoopError.Code.alreadyRunning }
      } catch let error as EventLoopError {
        return error.code
      }
    }
    #expect(code == .closed)
  }

  @Test func `tasks that are left are cancelled and awaited`() async throws {
    let ended = Journal<String>()
    try await onOwnThread {
      try EventLoop.run {
        for name in ["a", "b"] {
          _ = makeRecordedTask(name) {
            try? await sleep(for: .seconds(1000))
            // A task may make another while it ends.
            _ = makeRecordedTask("\(name), the child") {
              try? await sleep(for: .seconds(1000))
              ended.note("\(name), the child")
            }
            ended.note(name)
          }
        }
        await Task.yield()
      }
    }
    #expect(ended.entries.sorted() == ["a", "a, the child", "b", "b, the child"])
  }

  @Test func `a task that does not end is abandoned after the grace`() async throws {
    let runner = try await onOwnThread {
      var configuration = Runner.Configuration()
      configuration.grace = .milliseconds(20)
      let runner = try Runner(configuration)
      try runner.run {
        _ = makeRecordedTask("stubborn") { await Waiter().waitUncancelled(for: "nothing") }
        await Task.yield()
      }
      runner.close()
      return ObjectIdentifier(runner.loop)
    }
    let left = TaskRegistry.shared.all.filter { ObjectIdentifier($0.loop) == runner }
    #expect(left.map(\.name) == ["stubborn"])
    for record in left { TaskRegistry.shared.remove(record) }
  }

  @Test func `a loop is made for each run and goes away with it`() async throws {
    weak var loop: EventLoop?
    let strong = try await onOwnThread { try EventLoop.run { EventLoop.current } }
    loop = strong
    #expect(loop != nil)
    _ = consume strong
    #expect(loop == nil)
  }

  private enum Local {
    @TaskLocal static var value = -1
  }

  /// A runner that a closure on its own loop gets hold of.
  private struct SharedRunner: @unchecked Sendable {
    // Sendable: it is used by one thread only, which is what a run inside of a run means.
    let runner: Runner

    init(_ runner: Runner) { self.runner = runner }
  }
}
