import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOSystem
import AsyncIOTesting
import Glibc
import Testing

@Suite(.leavesNoProcess, .realTime, .deadline(.seconds(60))) struct WithSubprocessTests {
  @Test func `one talks with a child, both ways`() async throws {
    let answers = try await withSubprocess("cat") { child in
      var answers: [String] = []
      for line in ["one", "two", "three"] {
        try await child.input.write(line + "\n")
        answers.append(String(decoding: try await child.output.read(atMost: 100), as: UTF8.self))
      }
      #expect(child.status == nil)
      child.input.close()
      #expect(try await child.wait() == .exited(code: 0))
      #expect(child.status == .exited(code: 0))
      return answers
    }
    #expect(answers == ["one\n", "two\n", "three\n"])
  }

  @Test func `lines come as they are written`() async throws {
    var lines: [String] = []
    try await withSubprocess("sh", "-c", "printf 'a\\r\\n\\nb'; printf 'c\\nlast'", input: .none) { child in
      for try await line in child.output.lines { lines.append(line) }
    }
    #expect(lines == ["a", "", "bc", "last"])
  }

  @Test func `leaving the body closes the pipes and waits for the end`() async throws {
    let seen = Locked<Subprocess?>(nil)
    try await withSubprocess("sh", "-c", "cat > /dev/null; exit 7") { child in seen.value = child }
    #expect(seen.value?.status == .exited(code: 7))
    try await withSubprocess("yes") { child in
      seen.value = child
      let bytes = try await child.output.read(atMost: 2)
      #expect(bytes == Array("y\n".utf8))
    }
    #expect(seen.value?.status == .signaled(SIGPIPE))
    let child = try #require(seen.value)
    #expect(child.output.isClosed && child.input.isClosed)
    await #expect(throws: IOError(.closed, operation: "read")) { try await child.output.read(atMost: 1) }
    #expect(try await child.wait() == .signaled(SIGPIPE))
    #expect(try !child.send(SIGTERM))
  }

  @Test func `input that is given as a whole is written beside the body`() async throws {
    let text = String(repeating: "line\n", count: 100_000)
    let count = try await withSubprocess("cat", input: .text(text)) { child in
      try await child.output.readAll().count
    }
    #expect(count == text.utf8.count)
  }

  @Test func `all three streams are pipes if wanted`() async throws {
    try await withSubprocess("sh", "-c", "read x; echo out $x; echo err $x >&2", error: .pipe) { child in
      try await child.input.write("hello\n")
      #expect(try await child.output.readAll() == Array("out hello\n".utf8))
      #expect(try await child.error.readAll() == Array("err hello\n".utf8))
    }
  }

  @Test func `signals reach the child, and none reaches another after its end`() async throws {
    let program = "trap 'echo hup' HUP; echo ready; while :; do sleep 0.01; done"
    try await withSubprocess("sh", "-c", program, input: .none) { child async throws in
      var lines = child.output.lines.makeAsyncIterator()
      #expect(try await lines.next() == "ready")
      #expect(try child.send(SIGHUP))
      #expect(try await lines.next() == "hup")
      child.terminate()
      #expect(try await child.wait() == .signaled(SIGTERM))
      #expect(try !child.send(SIGHUP))
      child.kill()
    }
    try await withSubprocess("sleep", "1000", input: .none) { child async throws in
      child.kill()
      #expect(try await child.wait() == .signaled(SIGKILL))
    }
  }

  @Test func `a child that is stopped has not ended, and blocks nobody`() async throws {
    try await withSubprocess("sleep", "1000", input: .none) { child async throws in
      try child.send(SIGSTOP)
      let wait = createTask { try await child.wait() }
      #expect(try await withTimeoutOrNil(.milliseconds(20)) { try await sleep(for: .seconds(1000)) } == nil)
      #expect(child.status == nil)
      try child.send(SIGCONT)
      child.terminate()
      #expect(try await wait.value == .signaled(SIGTERM))
    }
  }

  @Test func `what is no signal is refused`() async throws {
    try await withSubprocess("cat") { child in
      let error = #expect(throws: IOError.self) { try child.send(1000) }
      #expect(error?.errno == EINVAL)
    }
  }

  @Test func `a write to a child that has ended is an error`() async throws {
    try await withSubprocess("true") { child in
      try await child.wait()
      let error = await #expect(throws: IOError.self) { try await child.input.write("too late") }
      #expect(error?.errno == EPIPE && error?.isDisconnection == true)
    }
  }

  @Test func `many wait for one child`() async throws {
    try await withSubprocess("cat") { child in
      try await withTaskScope { scope in
        let waits = (0..<10).map { _ in scope.createTask { try await child.wait() } }
        try await checkpoint()
        // The one in front goes, and the others are told all the same.
        waits[0].cancel()
        waits[4].cancel()
        try await checkpoint()
        child.input.close()
        for (index, wait) in waits.enumerated() where index != 0 && index != 4 {
          #expect(try await wait.value == .exited(code: 0))
        }
        await #expect(throws: CancellationError.self) { try await waits[0].value }
        await #expect(throws: CancellationError.self) { try await waits[4].value }
      }
    }
  }

  @Test func `who waits is told although somebody has asked for the status first`() async throws {
    try await withSubprocess("cat") { child in
      try await withTaskScope { scope in
        let wait = scope.createTask { try await child.wait() }
        try await checkpoint()
        child.input.close()
        while child.status == nil {}
        #expect(try await wait.value == .exited(code: 0))
      }
    }
  }

  @Test func `what a child has written can be read after its end`() async throws {
    try await withSubprocess("echo", "left") { child async throws in
      try await child.wait()
      #expect(try await child.output.readAll() == Array("left\n".utf8))
    }
  }

  @Test func `a second reader is refused`() async throws {
    try await withSubprocess("cat") { child in
      try await withTaskScope { scope in
        let first = scope.createTask { try await child.output.read(atMost: 10) }
        try await checkpoint()
        await #expect(throws: IOError(.busy, operation: "read")) { try await child.output.read(atMost: 10) }
        try await child.input.write("x")
        #expect(try await first.value == [120])
      }
    }
  }

  @Test func `a pipe that is not there is a mistake`() async {
    await #expect(processExitsWith: .signal(SIGILL)) {
      try await withSubprocess("true", output: .discarded) { child in _ = child.output }
    }
  }
}
