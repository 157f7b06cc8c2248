import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

@Suite(.virtualTime) struct WithBlockingTests {
  @TaskLocal private static var tag = "none"

  @Test func `the value is that of the call`() async throws {
    #expect(try await withBlocking { 42 } == 42)
  }  // test_threads: ToThreadTests.test_to_thread

  @Test func `the error is that of the call`() async throws {
    await #expect(throws: TestFailure(1)) { try await withBlocking { throw TestFailure(1) } }
  }  // test_threads: ToThreadTests.test_to_thread_exception

  @Test func `the call runs on a thread without a loop, and the task comes back to its own`() async throws {
    let loop = try #require(EventLoop.current)
    let thread = pthread_self()
    let (other, hasLoop) = try await withBlocking { (pthread_self(), EventLoop.current != nil) }
    #expect(other != thread)
    #expect(!hasLoop)
    #expect(loop.isCurrent)
    #expect(pthread_self() == thread)
  }

  @Test func `others run meanwhile`() async throws {
    let gate = Gate()
    let others = Journal<Void>()
    Task {
      for _ in 0..<10 { await Task.yield() }
      others.note(())
      gate.open()
    }
    try await withBlocking { gate.pass() }
    #expect(others.count == 1)
  }

  @Test func `hundreds at once all return, on no more than 64 threads`() async throws {
    let gauge = Gauge()
    let values = try await gather(0..<500) { number in
      try await withBlocking {
        gauge.enter()
        defer { gauge.leave() }
        for _ in 0..<10 { sched_yield() }
        return number
      }
    }
    #expect(values == Array(0..<500))
    #expect(gauge.total == 500)
    #expect(gauge.peak <= 64)
  }  // test_threads: ToThreadTests.test_to_thread_concurrent

  @Test func `cancelled before, the call is not made`() async throws {
    let called = Journal<Void>()
    let task = Task { try await withBlocking { called.note(()) } }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(called.count == 0)
  }

  @Test func `cancelled meanwhile, the call is awaited and its value returned`() async throws {
    let (started, gate, ended) = (Journal<Void>(), Gate(), Journal<Void>())
    let task = Task {
      defer { ended.note(()) }
      return try await withBlocking {
        started.note(())
        gate.pass()
        return 42
      }
    }
    while started.count == 0 { await Task.yield() }
    task.cancel()
    await settle()
    #expect(ended.count == 0)
    gate.open()
    #expect(try await task.value == 42)
  }

  @Test func `the call has the task-local values of its caller, and may bind others`() async throws {
    let tags = try await Self.$tag.withValue("mine") {
      try await withBlocking { (Self.tag, Self.$tag.withValue("inner") { Self.tag }) }
    }
    #expect(tags == ("mine", "inner"))
    #expect(Self.tag == "none")
  }  // test_threads: ToThreadTests.test_to_thread_contextvars

  @Test func `the call can see that its caller was cancelled`() async throws {
    let started = Journal<Void>()
    let task = Task {
      try await withBlocking {
        started.note(())
        while !Task.isCancelled { sched_yield() }
        try Task.checkCancellation()
      }
    }
    while started.count == 0 { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func `cancelled while it waits for a thread, the call is never made`() async throws {
    let pool = ThreadPool(name: "test", maximum: 1)
    let (started, gate, made) = (Journal<Void>(), Gate(), Journal<Void>())
    let first = Task {
      try await withBlocking(on: pool) {
        started.note(())
        gate.pass()
      }
    }
    while started.count == 0 { await Task.yield() }
    let second = Task { try await withBlocking(on: pool) { made.note(()) } }
    while pool.statistics.queued == 0 { await Task.yield() }
    second.cancel()
    // While the only thread is still busy.
    await #expect(throws: CancellationError.self) { try await second.value }
    gate.open()
    try await first.value
    try await withBlocking(on: pool) {}
    #expect(made.count == 0)
  }

  @Test func `cancelled just after the call has ended, its value is returned`() async throws {
    let task = Journal<Task<Int, any Error>>()
    task.note(
      Task {
        try await withBlocking {
          defer { task.entries.first?.cancel() }
          return 42
        }
      })
    #expect(try await task.entries.first?.value == 42)
  }

  @Test func `tasks that the call makes are on its caller's loop`() async throws {
    let loop = try #require(EventLoop.current)
    let task = try await withBlocking { Task { EventLoop.current === loop } }
    #expect(await task.value)
  }

  @Test func `a task without a preference comes back to its loop`() async throws {
    let loop = try #require(EventLoop.current)
    let task = Task.detached {
      let before = loop.isCurrent
      try await withBlocking {}
      return (before, loop.isCurrent)
    }
    #expect(try await task.value == (true, true))
  }

  @Test func `a timeout around it waits for the call, and returns its value late`() async throws {
    let (started, gate) = (Journal<Void>(), Gate())
    let task = Task {
      try await withTimeout(.seconds(1)) {
        try await withBlocking {
          started.note(())
          gate.pass()
          return 42
        }
      }
    }
    while started.count == 0 { await Task.yield() }
    gate.open()
    #expect(try await task.value == 42)
  }

  @Test func `virtual time stands still while a call is under way`() async throws {
    let order = Journal<String>()
    let sleeper = Task {
      try await sleep(for: .nanoseconds(1))
      order.note("sleeper")
    }
    try await withBlocking {
      for _ in 0..<2000 { sched_yield() }
      order.note("call")
    }
    #expect(LoopClock.now == .seconds(0))
    try await sleeper.value
    #expect(order.entries == ["call", "sleeper"])
  }

  @Test func `what the call has used goes away with it`() async throws {
    weak var used: Token?
    do {
      let token = Token()
      used = token
      try await withBlocking { [token] in _ = token }
    }
    // The thread lets go of it a moment after the task was woken.
    while used != nil { await Task.yield() }
  }
}
