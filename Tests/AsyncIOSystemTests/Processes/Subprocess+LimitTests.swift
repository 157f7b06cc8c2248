import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOSystem
import AsyncIOTesting
import Glibc
import Testing

@Suite(.leavesNoProcess, .realTime, .deadline(.seconds(60))) struct SubprocessLimitTests {
  @Test func `a child that takes too long is ended, and what it wrote is in the error`() async throws {
    let error = await #expect(throws: SubprocessError.self) {
      try await Subprocess.run("sh", "-c", "echo begun; exec sleep 1000", timeout: .milliseconds(300))
    }
    #expect(error?.code == .timedOut(.milliseconds(300)))
    #expect(error.map { String(decoding: $0.output, as: UTF8.self) } == "begun\n")
    #expect(
      error?.description.hasPrefix("`sh -c 'echo begun; exec sleep 1000'` took longer than 0.3 seconds")
        == true)
  }

  @Test func `a timeout of zero starts nothing`() async throws {
    try await withTemporaryDirectory { directory in
      await #expect(throws: SubprocessError.self) {
        try await Subprocess.run("touch", directory.appending("made").string, timeout: .zero)
      }
      let left = try await FileSystem.list(directory)
      #expect(left.isEmpty)
    }
  }

  @Test func `an output beyond its limit ends the child and is kept up to it`() async throws {
    let error = await #expect(throws: SubprocessError.self) {
      try await Subprocess.run("sh", "-c", "echo oops >&2; exec yes", limit: 100_001)
    }
    #expect(error?.code == .outputLimit(100_001))
    #expect(error?.output.count == 100_001)
    #expect(error?.output.prefix(4) == Array("y\ny\n".utf8)[...])
    #expect(error?.description.hasSuffix(": oops") == true)
  }

  @Test func `the limit holds for the standard error too, and exactly`() async throws {
    #expect(try await Subprocess.run("printf", "12345", limit: 5).text == "12345")
    #expect(try await Subprocess.run("true", limit: 0).text == "")
    for text in ["printf 123456", "printf 123456 >&2"] {
      let error = await #expect(throws: SubprocessError.self) {
        try await Subprocess.run("sh", "-c", text, limit: 5)
      }
      #expect(error.map { $0.output + $0.error } == Array("12345".utf8))
    }
  }

  @Test func `a child that ignores SIGTERM is killed when its grace is over`() async throws {
    var command = Subprocess.Command("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done")
    command.grace = .milliseconds(100)
    let seen = Locked<Subprocess?>(nil)
    await #expect(throws: TestFailure.self) {
      try await withSubprocess(command) { child in
        seen.value = child
        #expect(try await child.output.read(atMost: 6) == Array("ready\n".utf8))
        throw TestFailure()
      }
    }
    #expect(seen.value?.status == .signaled(SIGKILL))
  }

  @Test func `a child that heeds SIGTERM may clean up`() async throws {
    try await withTemporaryDirectory { directory in
      let note = directory.appending("note")
      let command = Subprocess.Command(
        "sh", "-c", "trap 'echo cleaned > \(note); exit 0' TERM; echo ready; while :; do sleep 0.01; done")
      let seen = Locked<Subprocess?>(nil)
      await #expect(throws: TestFailure.self) {
        try await withSubprocess(command) { child in
          seen.value = child
          _ = try await child.output.read(atMost: 6)
          throw TestFailure()
        }
      }
      #expect(seen.value?.status == .exited(code: 0))
      let text = try await FileSystem.readText(note)
      #expect(text == "cleaned\n")
    }
  }

  @Test func `without a grace it is killed at once`() async throws {
    var command = Subprocess.Command("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done")
    command.grace = .zero
    let seen = Locked<Subprocess?>(nil)
    await #expect(throws: TestFailure.self) {
      try await withSubprocess(command) { child in
        seen.value = child
        _ = try await child.output.read(atMost: 6)
        throw TestFailure()
      }
    }
    #expect(seen.value?.status == .signaled(SIGKILL))
  }

  @Test(arguments: [Subprocess.ProcessGroup.own, .session])
  func `with a group of its own, all that a child has started is ended with it`(
    _ group: Subprocess.ProcessGroup
  )
    async throws
  {
    // The grandchild ignores SIGTERM, and its parent does not wait for it.
    var command = Subprocess.Command(
      "sh", "-c", "sh -c 'trap \"\" TERM; echo ready; while :; do sleep 0.01; done' & echo $!; wait")
    command.group = group
    let grandchild = Locked<CInt>(0)
    await #expect(throws: TestFailure.self) {
      try await withSubprocess(command) { child in
        // In either order.
        var isReady = false
        for try await line in child.output.lines {
          if let number = CInt(line) { grandchild.value = number }
          if line == "ready" { isReady = true }
          if isReady, grandchild.value > 0 { break }
        }
        throw TestFailure()
      }
    }
    // It belongs to the system's first process now, which may take a moment to reap it; it does not run any more.
    #expect(try await isGone(grandchild.value))
  }

  @Test func `a group of its own is one, and a session has no terminal`() async throws {
    func identifiers(_ group: Subprocess.ProcessGroup) async throws -> [CInt] {
      var command = Subprocess.Command("sh", "-c", "cut -d ' ' -f 1,5,6 /proc/$$/stat")
      command.group = group
      return try await Subprocess.run(command).text.split(whereSeparator: \.isWhitespace).compactMap {
        CInt($0)
      }
    }
    let inherited = try await identifiers(.inherited)
    #expect(inherited[1] == getpgrp() && inherited[2] == getsid(0))
    let own = try await identifiers(.own)
    #expect(own[1] == own[0] && own[2] == getsid(0))
    let session = try await identifiers(.session)
    #expect(session[1] == session[0] && session[2] == session[0])
  }

  /// Whether a process does not run any more: it is a zombie, or not there.
  ///
  /// Gives way until then.
  private func isGone(_ number: CInt) async throws -> Bool {
    while true {
      guard let line = try? await FileSystem.readText(FilePath("/proc/\(number)/stat")),
        let mark = line.lastIndex(of: ")")
      else { return true }
      if line[mark...].dropFirst(2).first == "Z" { return true }
      try await checkpoint()
    }
  }
}
