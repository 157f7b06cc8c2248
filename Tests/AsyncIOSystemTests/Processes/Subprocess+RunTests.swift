import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOSystem
import AsyncIOTesting
import Foundation
import Glibc
import Testing

@Suite(.leavesNoProcess, .realTime, .deadline(.seconds(60))) struct SubprocessRunTests {
  @Test func `what a program writes and returns is captured`() async throws {
    let result = try await Subprocess.run("sh", "-c", "echo out; echo err >&2; exit 3")
    #expect(result.text == "out\n")
    #expect(result.errorText == "err\n")
    #expect(result.status == .exited(code: 3))
    #expect(result.status.returnCode == 3)
    #expect(result.isComplete)
  }

  @Test func `arguments arrive as they are`() async throws {
    let arguments = ["", "a b", "'", "\"", "$HOME", "ü", "*", "-n"]
    let command = Subprocess.Command("printf", arguments: ["%s|"] + arguments)
    #expect(try await Subprocess.run(command).text == arguments.map { $0 + "|" }.joined())
  }

  @Test func `a shell command is one`() async throws {
    #expect(try await Subprocess.run(.shell("echo one; echo two | tr o 0")).text == "one\ntw0\n")
  }

  @Test func `input is given, as text, bytes, a file, and nothing`() async throws {
    #expect(try await Subprocess.run("cat", input: .text("grüß")).text == "grüß")
    #expect(try await Subprocess.run("cat", input: .bytes([0, 255])).output == [0, 255])
    #expect(try await Subprocess.run("cat", input: .bytes([])).output == [])
    #expect(try await Subprocess.run("head", "-c", "5", input: .file("/proc/version")).text == "Linux")
    let number = unsafe open("/proc/version", O_RDONLY)
    defer { close(number) }
    #expect(try await Subprocess.run("head", "-c", "5", input: .descriptor(number)).text == "Linux")
    #expect(try await Subprocess.run("cat").output == [])
    #expect(try await Subprocess.run("cat", input: .pipe).output == [])
  }

  @Test func `more than a pipe holds goes in and out at once`() async throws {
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let result = try await Subprocess.run("cat", input: .bytes(bytes))
    #expect(result.output == bytes)
  }

  @Test func `a child that does not read its input is no error`() async throws {
    let result = try await Subprocess.run("true", input: .bytes([UInt8](repeating: 0, count: 1_000_000)))
    #expect(result.status.isSuccess)
  }

  @Test func `outputs can be discarded, joined, and sent to files and descriptors`() async throws {
    let both = "echo out; echo err >&2"
    #expect(try await Subprocess.run("sh", "-c", both, output: .discarded, error: .discarded).output == [])
    #expect(try await Subprocess.run("sh", "-c", both, error: .output).text == "out\nerr\n")
    try await withTemporaryDirectory { directory in
      let file = directory.appending("out")
      _ = try await Subprocess.run("sh", "-c", both, output: .file(file), error: .output)
      #expect(try await FileSystem.readText(file) == "out\nerr\n")
      _ = try await Subprocess.run("echo", "more", output: .appending(to: file))
      _ = try await Subprocess.run("sh", "-c", both, output: .discarded, error: .appending(to: file))
      #expect(try await FileSystem.readText(file) == "out\nerr\nmore\nerr\n")
      try await withFile(file, .write) { opened in
        try await opened.withDescriptor { number in
          _ = try await Subprocess.run("echo", "by number", output: .descriptor(number))
        }
      }
      #expect(try await FileSystem.readText(file) == "by number\n")
    }
  }

  @Test func `the working directory and the environment are the child's`() async throws {
    var command = Subprocess.Command("pwd")
    command.workingDirectory = "/usr"
    #expect(try await Subprocess.run(command).text == "/usr\n")
    #expect(try await Subprocess.run("pwd", workingDirectory: "/").text == "/\n")
    command = Subprocess.Command("/usr/bin/env")
    command.environment = .only(["A": "1", "B": "a=b"])
    #expect(try await Subprocess.run(command).text == "A=1\nB=a=b\n")
    command.environment = .inherited(with: ["A": "1", "HOME": nil])
    let variables = try await Subprocess.run(command).text.split(separator: "\n")
    #expect(variables.contains("A=1") && !variables.contains { $0.hasPrefix("HOME=") })
    #expect(variables.contains { $0.hasPrefix("PATH=") })
  }

  @Test func `a program is looked for in the child's PATH, and where the child starts`() async throws {
    try await withTemporaryDirectory { directory in
      let program = directory.appending("frob")
      try await FileSystem.write("#!/bin/sh\necho frobbed", to: program, permissions: 0o755)
      var command = Subprocess.Command("frob")
      command.environment = .only(["PATH": "/nowhere:\(directory)"])
      #expect(try await Subprocess.run(command).text == "frobbed\n")
      command = Subprocess.Command("./frob")
      command.workingDirectory = directory
      #expect(try await Subprocess.run(command).text == "frobbed\n")
    }
  }

  @Test func `a child is given three descriptors and no other`() async throws {
    // Without close-on-exec, as a library may open it.
    let stray = unsafe open("/dev/null", O_RDONLY)
    defer { close(stray) }
    let listing = try await Subprocess.run("ls", "/proc/self/fd").text
    // The fourth is the directory that `ls` reads.
    #expect(listing == "0\n1\n2\n3\n")
  }

  @Test func `a child begins with no signal blocked and SIGPIPE not ignored`() async throws {
    let status = try await Subprocess.run("grep", "-E", "Sig(Blk|Ign)", "/proc/self/status").text
    #expect(status.contains("SigBlk:\t0000000000000000"))
    let ignored = try #require(
      status.split(separator: "\n").last { $0.hasPrefix("SigIgn") }?.split(separator: "\t").last)
    #expect(try #require(UInt64(ignored, radix: 16)) & 1 << UInt64(SIGPIPE - 1) == 0)
  }

  @Test func `a child that fails is an error only to who asks for that`() async throws {
    let result = try await Subprocess.run("sh", "-c", "echo no such thing >&2; exit 2")
    let error = #expect(throws: SubprocessError.self) { try result.checked() }
    #expect(error?.code == .failed(.exited(code: 2)))
    #expect(
      error?.description == "`sh -c 'echo no such thing >&2; exit 2'` exited with code 2: no such thing")
    #expect(try await Subprocess.run("true").checked().status.isSuccess)
  }

  @Test func `a signal that has ended a child is told`() async throws {
    let result = try await Subprocess.run("sh", "-c", "kill -USR1 $$")
    #expect(result.status == .signaled(SIGUSR1))
    #expect(result.status.returnCode == -SIGUSR1)
    #expect(!result.status.isSuccess)
  }

  @Test func `processes that are left behind with the pipe do not hold up the result`() async throws {
    let start = LoopClock.now
    let result = try await Subprocess.run("sh", "-c", "echo before; sleep 1000 & echo $!")
    #expect(start.duration(to: .now) < .seconds(20))
    #expect(result.status.isSuccess)
    #expect(!result.isComplete)
    let lines = result.text.split(separator: "\n")
    #expect(lines.first == "before")
    kill(try #require(lines.last.flatMap { CInt($0) }), SIGKILL)
  }

  @Test func `what they write soon is captured`() async throws {
    let result = try await Subprocess.run("sh", "-c", "{ sleep 0.01; echo late; } & echo early")
    #expect(result.text == "early\nlate\n")
    #expect(result.isComplete)
  }
}
