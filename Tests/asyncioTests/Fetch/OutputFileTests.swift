import AsyncIO
import Glibc
import Testing

@testable import asyncio

@Suite struct OutputFileTests {
  /// Calls `body` with the path of an empty folder, and makes sure that nothing is in it then but `names`.
  static func withFolder(leaving names: [String], _ body: (String) throws -> Void) throws {
    let path = "/tmp/asyncio-output-\(UInt64.random(in: .min ... .max))"
    try OutputFile.makeFolder(path)
    defer {
      for name in names { #expect(unsafe unlink("\(path)/\(name)") == 0, "\(name) is not there") }
      #expect(unsafe rmdir(path) == 0, "there is more than \(names)")
    }
    try body(path)
  }

  private func mode(of path: String) -> mode_t {
    var facts = stat()
    // The kernel writes one `stat`.
    return unsafe lstat(path, &facts) == 0 ? facts.st_mode : 0
  }

  @Test func `a file is written whole in the place of the former one, with its mode`() throws {
    try Self.withFolder(leaving: ["a"]) { folder in
      let path = "\(folder)/a"
      try OutputFile.write(Array("a longer text".utf8), to: path)
      #expect(unsafe chmod(path, 0o600) == 0)
      try OutputFile.write(Array("short".utf8), to: path)
      #expect(try OutputFile.read(path) == "short")
      #expect(mode(of: path) == S_IFREG | 0o600)
    }
  }

  @Test func `what does not fit leaves the former file as it was, and nothing besides`() async {
    // In a process of its own, as the limit is for all of a process.
    await #expect(processExitsWith: .success) {
      try OutputFileTests.withFolder(leaving: ["a"]) { folder in
        try OutputFile.write(Array("yesterday".utf8), to: "\(folder)/a")
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: 10, rlim_max: 10)
        // The kernel reads one limit.
        try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
        for name in ["a", "b"] {
          #expect(throws: IOError.self) {
            try OutputFile.write(Array("longer than that".utf8), to: "\(folder)/\(name)")
          }
        }
        #expect(try OutputFile.read("\(folder)/a") == "yesterday")
      }
    }
  }

  @Test func `what is no regular file is written, and never removed`() throws {
    try Self.withFolder(leaving: ["link", "pipe"]) { folder in
      let (link, pipe) = ("\(folder)/link", "\(folder)/pipe")
      // As a link to it, since whoever may remove the device itself would miss it.
      try #require(unsafe symlink("/dev/full", link) == 0)
      #expect(throws: IOError.self) { try OutputFile.write([1, 2, 3], to: link) }
      #expect(mode(of: link) & S_IFMT == S_IFLNK)

      try #require(unsafe mkfifo(pipe, 0o600) == 0)
      let reader = unsafe open(pipe, O_RDONLY | O_NONBLOCK)
      defer { close(reader) }
      try OutputFile.write(Array("through".utf8), to: pipe)
      var bytes = [UInt8](repeating: 0, count: 16)
      // At most as many bytes as there is room for.
      #expect(unsafe read(reader, &bytes, bytes.count) == 7)
      #expect(mode(of: pipe) & S_IFMT == S_IFIFO)
    }
  }

  @Test func `a link leads to what is written`() throws {
    try Self.withFolder(leaving: ["a", "latest"]) { folder in
      try OutputFile.write(Array("old".utf8), to: "\(folder)/a")
      try #require(unsafe symlink("a", "\(folder)/latest") == 0)
      try OutputFile.write(Array("new".utf8), to: "\(folder)/latest")
      #expect(try OutputFile.read("\(folder)/a") == "new")
      #expect(mode(of: "\(folder)/latest") & S_IFMT == S_IFLNK)
    }
  }

  @Test func `a name for which none beside it has room is written in place`() throws {
    try Self.withFolder(leaving: [String(repeating: "n", count: 255)]) { folder in
      let path = "\(folder)/\(String(repeating: "n", count: 255))"
      try OutputFile.write(Array("a".utf8), to: path)
      #expect(try OutputFile.read(path) == "a")
    }
  }
}
