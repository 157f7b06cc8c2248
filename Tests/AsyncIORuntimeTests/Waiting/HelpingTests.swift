import AsyncIOTesting
import Glibc
import Synchronization
import Testing

@testable import AsyncIORuntime

/// A task that must wait runs the one task that is ready inside of its own job.
@Suite(.virtualTime) struct HelpingTests {
  @Test func `what is ready alone is run by whoever waits`() async {
    let waiter = Waiter()
    let isInside = Journal<Bool>()
    let task = Task { await waiter.wait(for: "test") }
    Task {
      isInside.note(isHelped)
      waiter.finish(.woken)
    }
    #expect(await task.value == .woken)
    #expect(isInside.entries == [true])
    #expect(!isHelped)
  }

  @Test func `the order is that of the wake-ups`() async {
    let waiter = Waiter()
    let journal = Journal<String>()
    let task = Task {
      _ = await waiter.wait(for: "test")
      journal.note("helper")
      Task { journal.note("last") }
    }
    Task {
      journal.note(isHelped ? "helped" : "alone")
      Task { journal.note("before") }
      waiter.finish(.woken)
      Task { journal.note("after") }
    }
    await task.value
    await settle()
    #expect(journal.entries == ["helped", "before", "helper", "after", "last"])
  }

  @Test func `one that is helped and gives way comes behind whom it has woken`() async {
    let waiter = Waiter()
    let journal = Journal<String>()
    let task = Task {
      _ = await waiter.wait(for: "test")
      journal.note("helper")
      await giveWay()
      journal.note("helper again")
    }
    Task {
      waiter.finish(.woken)
      await giveWay()
      journal.note("helped")
    }
    await task.value
    #expect(journal.entries == ["helper", "helped", "helper again"])
  }

  @Test func `one that the helper has started, and that gave way, comes behind who is helped`() async {
    let waiter = Waiter()
    let journal = Journal<String>()
    let task = Task {
      Task.immediate {
        await giveWay()
        journal.note("started")
      }
      _ = await waiter.wait(for: "test")
      journal.note("helper")
    }
    Task {
      journal.note(isHelped ? "helped" : "alone")
      waiter.finish(.woken)
    }
    await task.value
    #expect(journal.entries == ["helped", "started", "helper"])
  }

  @Test func `whoever helps in vain waits as ever`() async {
    let waiter = Waiter()
    let task = Task { await waiter.wait(for: "test") }
    let helped = Task { isHelped }
    #expect(await helped.value)
    await settle()
    #expect(waiter.outcome == nil)
    waiter.finish(.woken)
    #expect(await task.value == .woken)
  }

  @Test func `cancelled while it helps`() async {
    let waiter = Waiter()
    let task = Task { await waiter.wait(for: "test") }
    Task {
      #expect(isHelped)
      task.cancel()
    }
    #expect(await task.value == .cancelled)
  }

  @Test func `woken from another thread while it helps`() async {
    let waiter = Waiter()
    let task = Task { await waiter.wait(for: "test") }
    Task {
      #expect(isHelped)
      let counter = Counter()
      LoopThread.start(named: "other") {
        waiter.finish(.woken)
        counter.value.withLock { $0 += 1 }
      }
      while counter.value.withLock({ $0 }) == 0 { sched_yield() }
    }
    #expect(await task.value == .woken)
    #expect(!isHelped)
  }

  @Test func `nobody helps who is helped`() async {
    let (outer, inner) = (Waiter(), Waiter())
    let journal = Journal<String>()
    let task = Task { await outer.wait(for: "test") }
    Task {
      Task {
        journal.note("innermost, with the helper \(isHelped ? "still there" : "parked")")
        inner.finish(.woken)
      }
      _ = await inner.wait(for: "test")
      outer.finish(.woken)
    }
    #expect(await task.value == .woken)
    #expect(journal.entries == ["innermost, with the helper parked"])
  }

  @Test func `a task that was started at once, under a lock, does not help`() async {
    let waiter = Waiter()
    let counter = Counter()
    let other = Task { counter.value.withLock { $0 += 1 } }
    let starter = Task {
      counter.value.withLock { _ in
        // To run the other task here would be to wait for the lock for ever.
        Task.immediate { await waiter.wait(for: "test") }
      }
    }
    await other.value
    waiter.finish(.woken)
    #expect(await starter.value.value == .woken)
    #expect(counter.value.withLock { $0 } == 1)
  }

  @Test func `two that take turns without end leave the descriptors their turn`() async throws {
    let pipe = try Pipe()
    let counter = Counter()
    let reading = Task {
      try await EventLoop.wait(readable: pipe.reader)
      counter.value.withLock { $0 += 1 }
    }
    await settle()
    pipe.write(1)
    let (there, back) = (Box(), Box())
    let pong = Task {
      while await there.take() { back.put(true) }
      back.put(false)
    }
    let ping = Task {
      var passes = 0
      while counter.value.withLock({ $0 }) == 0 {
        there.put(true)
        _ = await back.take()
        passes += 1
      }
      there.put(false)
      return passes
    }
    let passes = await ping.value
    // No more than a few turns of the loop, whose items are 64.
    #expect(passes > 0 && passes < 200)
    await pong.value
    try await reading.value
  }

  /// Whether a task of this loop helps, in whose job this is.
  private var isHelped: Bool { unsafe LoopCore.current?.pointee.isTicketOut ?? false }
}

private final class Counter: Sendable {
  let value = Mutex(0)
}

/// Room for one value, between two tasks.
private final class Box: Sendable {
  private struct State {
    var value: Bool?
    var waiter: Waiter?
  }

  private let state = Mutex(State())

  func put(_ value: Bool) {
    let waiter = state.withLock { state in
      state.value = value
      return state.waiter.take()
    }
    waiter?.finish(.woken)
  }

  func take() async -> Bool {
    while true {
      let waiter = Waiter()
      let value = state.withLock { state in
        if state.value == nil { state.waiter = waiter }
        return state.value.take()
      }
      if let value { return value }
      _ = await waiter.wait(for: "a value")
    }
  }
}
