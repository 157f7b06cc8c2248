import AsyncIONetwork
import AsyncIORuntime
import AsyncIOSystem
import AsyncIOTesting
import Glibc
import Testing

@Suite(.leavesNoProcess, .realTime, .deadline(.seconds(60))) struct SubprocessStartTests {
  private func failure(
    of command: Subprocess.Command, input: SubprocessInput = .none, output: SubprocessOutput = .pipe
  ) async -> IOError? {
    await #expect(throws: IOError.self) { try await Subprocess.run(command, input: input, output: output) }
  }

  @Test func `a program that is missing is named`() async throws {
    var error = await failure(of: .init("frobnicate-that-is-not"))
    #expect(error?.errno == ENOENT)
    #expect(
      error?.description == "start frobnicate-that-is-not (looked for in PATH): No such file or directory")
    error = await failure(of: .init("/nowhere/program"))
    #expect(error?.errno == ENOENT && error?.detail == "/nowhere/program")
  }

  @Test func `a file that cannot be run, and a directory, are refused as such`() async throws {
    #expect(await failure(of: .init("/etc/passwd"))?.errno == EACCES)
    #expect(await failure(of: .init("/usr"))?.errno == EACCES)
    var command = Subprocess.Command("passwd")
    command.environment = .only(["PATH": "/nowhere:/etc"])
    let error = await failure(of: command)
    #expect(error?.errno == EACCES && error?.detail == "passwd (looked for in PATH)")
  }

  @Test func `a file that is no program is refused by the system, and named`() async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.appending("text")
      try await FileSystem.write("just text", to: path, permissions: 0o755)
      let error = await failure(of: .init(path.string))
      #expect(error?.errno == ENOEXEC && error?.detail == path.string)
      try await FileSystem.write("#!/nowhere/sh\n", to: path, permissions: 0o755)
      #expect(await failure(of: .init(path.string))?.errno == ENOENT)
    }
  }

  @Test func `a bad working directory is not taken for a missing program`() async throws {
    var command = Subprocess.Command("true")
    command.workingDirectory = "/nowhere"
    var error = await failure(of: command)
    #expect(error?.errno == ENOENT)
    #expect(error?.description == "change to the working directory /nowhere: No such file or directory")
    command.workingDirectory = "/etc/passwd"
    error = await failure(of: command)
    #expect(error?.errno == ENOTDIR && error?.detail == "/etc/passwd")
  }

  @Test func `an empty name and text with a NUL are refused`() async throws {
    #expect(await failure(of: .init(""))?.code == .invalid)
    #expect(await failure(of: .init("tr\0ue"))?.code == .invalid)
    let error = await failure(of: .init("echo", "a\0b"))
    #expect(error?.description == "start echo: an argument has a NUL in it: \"a\\0b\"")
  }

  @Test func `files that cannot be opened for it are named`() async throws {
    var error = await failure(of: .init("cat"), input: .file("/nowhere/input"))
    #expect(error?.description == "open /nowhere/input: No such file or directory")
    error = await failure(of: .init("cat"), input: .pipe, output: .file("/usr"))
    #expect(error?.errno == EISDIR && error?.detail == "/usr")
  }

  @Test func `a descriptor among the three goes where it is wanted`() async throws {
    // Crossed: the child's output is this process's 2, and its error a pipe.
    let result = try await Subprocess.run(
      "sh", "-c", "name=$(readlink /proc/$$/fd/1); echo \"$name\" >&2", output: .descriptor(STDERR_FILENO))
    var name = [CChar](repeating: 0, count: 4096)
    let length = unsafe readlink("/proc/self/fd/2", &name, 4095)
    #expect(
      result.errorText == String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        + "\n")
  }
}
