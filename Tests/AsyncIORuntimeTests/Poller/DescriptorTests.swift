import AsyncIOTesting
import Glibc
import Synchronization
import Testing

@testable import AsyncIORuntime

@Suite(.virtualTime) struct DescriptorTests {
  @Test func `a call that would block is tried again after the event`() async throws {
    let pipe = try Pipe()
    let descriptor = try Descriptor(duplicate(pipe.reader, 310))
    let task = Task { try await descriptor.read() }
    await settle()
    pipe.write(3)
    #expect(try await task.value == 3)
  }

  @Test func `an error of the system is thrown with its number`() async throws {
    let pipe = try Pipe()
    let descriptor = try Descriptor(duplicate(pipe.reader, 320))
    await #expect(throws: IOError(.system, errno: EBADF, operation: "write")) {
      _ = try await descriptor.perform(.read, "write") { number in unsafe write(number, [1], 1) }
    }
  }

  @Test func `closing wakes who waits, and every later use`() async throws {
    let pipe = try Pipe()
    let number = duplicate(pipe.reader, 330)
    let descriptor = try Descriptor(number)
    let task = Task { try await descriptor.read() }
    await settle()
    descriptor.close()
    #expect(descriptor.isClosed)
    #expect(!pipe.isOpen(as: number))
    await #expect(throws: IOError(.closed, operation: "read")) { try await task.value }
    await #expect(throws: IOError(.closed, operation: "read")) { try await descriptor.read() }
    descriptor.close()
  }

  @Test func `a number stays open until the call under way has returned`() throws {
    let pipe = try Pipe()
    let number = duplicate(pipe.reader, 340)
    let descriptor = try Descriptor(number)
    try descriptor.withNumber("outer") { number throws(IOError) in
      descriptor.close()
      #expect(pipe.isOpen(as: number))
      #expect(throws: IOError(.closed, operation: "inner")) {
        try descriptor.withNumber("inner") { _ throws(IOError) in }
      }
      #expect(pipe.isOpen(as: number))
    }
    #expect(!pipe.isOpen(as: number))
  }

  @Test func `going away closes the number, unless it is another's`() throws {
    let pipe = try Pipe()
    let (owned, borrowed) = (duplicate(pipe.reader, 350), duplicate(pipe.reader, 360))
    do {
      _ = try Descriptor(owned)
      _ = try Descriptor(borrowed, owned: false)
    }
    #expect(!pipe.isOpen(as: owned))
    #expect(pipe.isOpen(as: borrowed))
    close(borrowed)
  }

  @Test func `descriptors that failed to register do not share a slot with later ones`() async throws {
    let pipes = try (0..<4).map { _ in try Pipe() }
    for _ in 0..<3 {
      #expect(throws: IOError(.system, errno: EBADF, operation: "epoll_ctl")) {
        try Descriptor(9999, owned: false)
      }
    }
    let descriptors = try pipes.map { try Descriptor(duplicate($0.reader, 370)) }
    let woken = Journal<Int>()
    let tasks = descriptors.enumerated().map { index, descriptor in
      Task {
        _ = try await descriptor.read()
        woken.note(index)
      }
    }
    await settle()
    for index in [2, 0, 3, 1] {
      pipes[index].write(1)
      await settle()
    }
    for task in tasks { try await task.value }
    #expect(woken.entries == [2, 0, 3, 1])
  }

  @Test func `a task that never has to wait gives way now and then`() async throws {
    let pipe = try Pipe()
    let descriptor = try Descriptor(duplicate(pipe.writer, 380))
    let others = Journal<Void>()
    Task { others.note(()) }
    var count = 0
    while others.count == 0, count < 10_000 {
      _ = try await descriptor.perform(.write, "nothing") { _ in 0 }
      count += 1
    }
    #expect(others.count == 1)
  }

  @Test func `cancelled, it does not even try`() async throws {
    let pipe = try Pipe()
    pipe.write(1)
    let descriptor = try Descriptor(duplicate(pipe.reader, 390))
    let task = Task { try await descriptor.read() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(pipe.read(1) == 1, "the byte is still there")
  }

  @Test(.realTime) func `closed under the calls of other threads, the number is closed once`() async throws {
    for _ in 0..<50 {
      let pipe = try Pipe()
      let number = duplicate(pipe.reader, 400)
      let descriptor = try Descriptor(number)
      let (started, ended) = (Journal<Void>(), Journal<Void>())
      for _ in 0..<3 {
        LoopThread.start(named: "foreign") {
          started.note(())
          while (try? descriptor.withNumber("test") { _ throws(IOError) in }) != nil {}
          ended.note(())
        }
      }
      while started.count < 3 { sched_yield() }
      descriptor.close()
      while ended.count < 3 { sched_yield() }
      #expect(!pipe.isOpen(as: number))
    }
  }
}

extension Descriptor {
  /// An operation as streams write it out.
  fileprivate func perform(
    _ direction: PollDirection, _ operation: StaticString, _ call: (CInt) -> Int
  ) async throws -> Int {
    if isOverBudget { try await checkpoint() }
    while true {
      if let result = try attempt(direction, operation, call, isDrained: { _ in false }) { return result }
      try await waitUntilReady(direction, operation)
    }
  }

  /// Reads up to ten bytes.
  func read() async throws -> Int {
    try await perform(.read, "read") { number in
      var bytes = [UInt8](repeating: 0, count: 10)
      return unsafe Glibc.read(number, &bytes, bytes.count)
    }
  }
}
