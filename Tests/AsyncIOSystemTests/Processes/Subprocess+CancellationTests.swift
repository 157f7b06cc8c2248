import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOSystem
import AsyncIOTesting
import Glibc
import Testing

@Suite(.leavesNoProcess, .realTime, .deadline(.seconds(60))) struct SubprocessCancellationTests {
  @Test func `cancelled before, nothing is started`() async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.appending("made").string
      let task = createTask {
        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
        _ = try await Subprocess.run("touch", path)
      }
      await #expect(throws: CancellationError.self) { try await task.value }
      let left = try await FileSystem.list(directory)
      #expect(left.isEmpty)
    }
  }

  @Test func `cancelled while it is started, the child is ended`() async throws {
    let task = createTask { try await Subprocess.run("sleep", "1000") }
    // The thread that starts the child has its order, and has not reported.
    try await checkpoint()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func `cancelled in the middle, the child is ended and reaped`() async throws {
    let seen = Locked<Subprocess?>(nil)
    let ready = AsyncEvent()
    let task = createTask {
      try await withSubprocess("sh", "-c", "echo ready; exec sleep 1000") { child in
        seen.value = child
        for try await line in child.output.lines where line == "ready" { ready.set() }
      }
    }
    try await ready.wait()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(seen.value?.status == .signaled(SIGTERM))
    #expect(seen.value?.output.isClosed == true)
  }

  @Test func `cancelled while the end is awaited, the child is ended`() async throws {
    let seen = Locked<Subprocess?>(nil)
    let task = createTask {
      try await withSubprocess("sleep", "1000") { child in seen.value = child }
    }
    while seen.value == nil { try await checkpoint() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(seen.value?.status == .signaled(SIGTERM))
  }

  @Test func `a wait that is cancelled leaves the child alone`() async throws {
    try await withSubprocess("cat") { child in
      let wait = createTask { try await child.wait() }
      try await checkpoint()
      wait.cancel()
      await #expect(throws: CancellationError.self) { try await wait.value }
      #expect(child.status == nil)
      try await child.input.write("alive")
      #expect(try await child.output.read(atMost: 10) == Array("alive".utf8))
    }
  }

  @Test func `a read that is cancelled has taken nothing`() async throws {
    try await withSubprocess("cat") { child in
      let read = createTask { try await child.output.read(atMost: 10) }
      try await checkpoint()
      read.cancel()
      await #expect(throws: CancellationError.self) { try await read.value }
      try await child.input.write("later")
      #expect(try await child.output.read(atMost: 10) == Array("later".utf8))
    }
  }

  @Test func `a write that is cancelled ends, and the child with its scope`() async throws {
    let task = createTask {
      try await withSubprocess("sleep", "1000") { child in
        try await child.input.write([UInt8](repeating: 0, count: 10_000_000))
      }
    }
    let other = createTask {
      try await withSubprocess("sleep", "1000", input: .bytes([UInt8](repeating: 0, count: 10_000_000))) {
        child in
        _ = try await child.output.read(atMost: 1)
      }
    }
    try await checkpoint()
    task.cancel()
    other.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    await #expect(throws: CancellationError.self) { try await other.value }
  }

  @Test func `a timeout around it ends it, and is told as one`() async throws {
    await #expect(throws: TimeoutError(after: .milliseconds(50))) {
      try await withTimeout(.milliseconds(50)) { _ = try await Subprocess.run("sleep", "1000") }
    }
  }

  @Test func `the error of the body comes out when the child has ended`() async throws {
    let seen = Locked<Subprocess?>(nil)
    await #expect(throws: TestFailure.self) {
      try await withSubprocess("sleep", "1000") { child in
        seen.value = child
        throw TestFailure()
      }
    }
    #expect(seen.value?.status == .signaled(SIGTERM))
  }
}
