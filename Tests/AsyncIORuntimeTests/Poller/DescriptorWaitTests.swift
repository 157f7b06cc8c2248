import AsyncIOTesting
import Glibc
import Testing

@testable import AsyncIORuntime

/// Waiting for numbers that another owns.
///
/// No time passes; events are taken by `settle`.
@Suite(.virtualTime) struct DescriptorWaitTests {
  @Test(arguments: [false, true]) func `what can be read is readable at once`(_ sockets: Bool) async throws {
    let pipe = try Pipe(sockets: sockets)
    pipe.write(1)
    try await EventLoop.wait(readable: pipe.reader)
    try await EventLoop.wait(readable: pipe.reader)
  }

  @Test(arguments: [false, true]) func `a reader waits for data`(_ sockets: Bool) async throws {
    let pipe = try Pipe(sockets: sockets)
    let woken = Journal<Void>()
    let task = Task {
      try await EventLoop.wait(readable: pipe.reader)
      woken.note(())
    }
    await settle()
    #expect(woken.count == 0)
    pipe.write(1)
    try await task.value
  }

  @Test(arguments: [false, true]) func `a writer waits for room`(_ sockets: Bool) async throws {
    let pipe = try Pipe(sockets: sockets)
    try await EventLoop.wait(writable: pipe.writer)
    pipe.fill()
    let woken = Journal<Void>()
    let task = Task {
      try await EventLoop.wait(writable: pipe.writer)
      woken.note(())
    }
    await settle()
    #expect(woken.count == 0)
    pipe.empty()
    try await task.value
  }

  @Test func `data that was read since does not wake the next wait`() async throws {
    let pipe = try Pipe()
    for _ in 0..<3 {
      pipe.write(1)
      try await EventLoop.wait(readable: pipe.reader)
      pipe.empty()
      let woken = Journal<Void>()
      let task = Task {
        try await EventLoop.wait(readable: pipe.reader)
        woken.note(())
      }
      await settle()
      #expect(woken.count == 0, "no stale event")
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func `the end of the stream is readable`() async throws {
    var pipe: Pipe? = try Pipe(sockets: true)
    let reader = duplicate(pipe?.reader ?? -1, 410)
    defer { close(reader) }
    let task = Task { try await EventLoop.wait(readable: reader) }
    await settle()
    pipe = nil
    try await task.value
  }

  @Test func `both directions of one socket may be waited for`() async throws {
    let pipe = try Pipe(sockets: true)
    let other = pipe.writer
    // Full towards the reader, and nothing to read the other way round.
    pipe.fill()
    let order = Journal<String>()
    let writer = Task {
      try await EventLoop.wait(writable: other)
      order.note("writable")
    }
    let reader = Task {
      try await EventLoop.wait(readable: other)
      order.note("readable")
    }
    await settle()
    #expect(order.count == 0)
    pipe.empty()
    try await writer.value
    #expect(order.entries == ["writable"])
    unsafe _ = write(pipe.reader, [1], 1)
    try await reader.value
  }

  @Test func `cancelled before and while it waits`() async throws {
    let pipe = try Pipe()
    let task = Task { try await EventLoop.wait(readable: pipe.reader) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    let waiting = Task { try await EventLoop.wait(readable: pipe.reader) }
    await settle()
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    // And nothing is left that would keep the next one from waiting.
    let next = Task { try await EventLoop.wait(readable: pipe.reader) }
    await settle()
    pipe.write(1)
    try await next.value
  }

  @Test func `two waiters for one direction are refused`() async throws {
    let pipe = try Pipe()
    let first = Task { try await EventLoop.wait(readable: pipe.reader) }
    await settle()
    await #expect(throws: IOError(.busy, operation: "wait(readable:)")) {
      try await EventLoop.wait(readable: pipe.reader)
    }
    pipe.write(1)
    try await first.value
  }

  @Test func `who closes a descriptor says so, and its waiters end`() async throws {
    let pipe = try Pipe(sockets: true)
    let number = duplicate(pipe.reader, 420)
    pipe.write(0)
    let reader = Task { try await EventLoop.wait(readable: number) }
    await settle()
    EventLoop.notifyClosing(number)
    close(number)
    await #expect(throws: IOError(.closed, operation: "wait(readable:)")) { try await reader.value }
  }

  @Test func `a number that was closed behind our back and used again serves its new file only`() async throws
  {
    var old: Pipe? = try Pipe()
    let number = duplicate(old?.reader ?? -1, 430)
    let oldWaiter = Task { try await EventLoop.wait(readable: number) }
    await settle()
    // Closed without a word, and the number comes back as another file.
    close(number)
    old = nil
    let new = try Pipe()
    #expect(dup2(new.reader, number) == number)
    defer { close(number) }
    let newWaiter = Task { try await EventLoop.wait(readable: number) }
    await #expect(throws: IOError(.closed, operation: "wait(readable:)")) { try await oldWaiter.value }
    // The late goodbye of the old one has not ended the events of the new one.
    await settle()
    new.write(1)
    try await newWaiter.value
  }

  @Test func `an event that was fetched for an old file does not wake a new one`() async throws {
    let (old, new) = (try Pipe(), try Pipe())
    let number = duplicate(old.reader, 440)
    let oldWaiter = Task { try await EventLoop.wait(readable: number) }
    await settle()
    // The kernel has the event, the loop has not.
    old.write(1)
    EventLoop.notifyClosing(number)
    close(number)
    #expect(dup2(new.reader, number) == number)
    defer { close(number) }
    let woken = Journal<Void>()
    let newWaiter = Task {
      try await EventLoop.wait(readable: number)
      woken.note(())
    }
    await #expect(throws: IOError(.closed, operation: "wait(readable:)")) { try await oldWaiter.value }
    await settle()
    #expect(woken.count == 0)
    new.write(1)
    try await newWaiter.value
  }

  @Test func `a number that is not open is refused`() async throws {
    await #expect(throws: IOError(.system, errno: EBADF, operation: "epoll_ctl")) {
      try await EventLoop.wait(readable: 9999)
    }
  }

  @Test func `a regular file is refused, as it is always ready`() async throws {
    let file = unsafe open("/proc/self/exe", O_RDONLY)
    defer { close(file) }
    await #expect(throws: IOError(.system, errno: EPERM, operation: "epoll_ctl")) {
      try await EventLoop.wait(readable: file)
    }
  }

  @Test func `registrations end with the last wait`() async throws {
    let loop = try #require(EventLoop.current)
    let pipe = try Pipe(sockets: true)
    let tasks = [
      Task { try await EventLoop.wait(readable: pipe.reader) },
      Task { try await EventLoop.wait(readable: pipe.writer) },
    ]
    await settle()
    #expect(loop.poller.hasRegistrations)
    for task in tasks { task.cancel() }
    for task in tasks { _ = await task.result }
    #expect(!loop.poller.hasRegistrations)
  }

  @Test(.realTime) func `data from a foreign thread wakes the reader on its loop`() async throws {
    let loop = try #require(EventLoop.current)
    let pipe = try Pipe()
    LoopThread.start(named: "foreign") {
      for _ in 0..<200 {
        pipe.write(1)
        sched_yield()
      }
    }
    var count = 0
    while count < 200 {
      try await EventLoop.wait(readable: pipe.reader)
      #expect(loop.isCurrent)
      count += max(0, pipe.read(10))
    }
  }
}
