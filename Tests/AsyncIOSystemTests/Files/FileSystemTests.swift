import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
@testable import AsyncIOSystem
import AsyncIOTesting
import Glibc
import Testing

@Suite(.realTime, .deadline(.seconds(60))) struct FileSystemTests {
  @Test func `a file is written, read, and appended to`() async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.appending("a")
      try await FileSystem.write("one", to: path)
      #expect(try await FileSystem.readText(path) == "one")
      try await FileSystem.write("two", to: path)
      try await FileSystem.append("three", to: path)
      #expect(try await FileSystem.readText(path) == "twothree")
      try await FileSystem.append([0, 255], to: directory.appending("b"))
      #expect(try await FileSystem.read(directory.appending("b")) == [0, 255])
    }
  }

  @Test(arguments: [0, 1, 4095, 4096, 262_144, 262_145, 5_000_000])
  func `files of any size are read whole`(_ size: Int) async throws {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    // On the disk, and in memory, where less can be asked of the system.
    for parent in [FilePath("/var/tmp"), "/dev/shm"] {
      try await withTemporaryDirectory(in: parent) { directory in
        let path = directory.appending("file")
        try await FileSystem.write(bytes, to: path)
        #expect(try await FileSystem.read(path) == bytes)
        #expect(try await FileSystem.info(path).size == size)
      }
    }
  }

  @Test func `files that say they are empty are read to their end`() async throws {
    #expect(try await FileSystem.readText("/proc/self/status").hasPrefix("Name:"))
  }

  @Test func `what is in memory is read without a thread, and what is not, on one`() async throws {
    try await withTemporaryDirectory(in: "/var/tmp") { directory in
      let path = directory.appending("file")
      try await FileSystem.write("cached", to: path)
      guard case .read(let bytes) = CachedRead.whole(path, limit: .max) else {
        Issue.record("a file that was just written was not found in memory")
        return
      }
      #expect(bytes == Array("cached".utf8))
      for strange in ["/nowhere", "/usr", "/dev/null", "/proc/self/status"] as [FilePath] {
        guard case .unknown(let number) = CachedRead.whole(strange, limit: .max) else {
          Issue.record("\(strange) was read as a file in memory")
          continue
        }
        if number >= 0 { close(number) }
      }
    }
  }

  @Test func `a limit is kept, exactly`() async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.appending("file")
      try await FileSystem.write("12345", to: path)
      #expect(try await FileSystem.read(path, limit: 5).count == 5)
      let error = await #expect(throws: IOError.self) { try await FileSystem.read(path, limit: 4) }
      #expect(error?.code == .overLimit)
      await #expect(throws: IOError.self) { try await FileSystem.read("/dev/zero", limit: 100_000) }
    }
  }

  @Test func `errors name the path`() async throws {
    var error = await #expect(throws: IOError.self) { try await FileSystem.read("/nowhere/file") }
    #expect(error?.description == "open /nowhere/file: No such file or directory")
    error = await #expect(throws: IOError.self) { try await FileSystem.read("/usr") }
    #expect(error?.errno == EISDIR && error?.detail == "/usr")
    error = await #expect(throws: IOError.self) { try await FileSystem.write("", to: "/usr") }
    #expect(error?.errno == EISDIR)
    error = await #expect(throws: IOError.self) { try await FileSystem.list("/etc/passwd") }
    #expect(error?.errno == ENOTDIR)
    error = await #expect(throws: IOError.self) { try await FileSystem.info("/nowhere") }
    #expect(error?.errno == ENOENT)
  }

  @Test func `reading a FIFO waits for its writer, who is not disturbed`() async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.appending("fifo")
      let fifo = unsafe mkfifo(path.string, 0o600)
      try #require(fifo == 0)
      try await withTaskScope { scope in
        let read = scope.createTask { try await FileSystem.readText(path) }
        let written = scope.createTask {
          // Opened by the first look of the reader, perhaps, and written only then.
          try await withFile(path, .write) { file in
            for part in ["a", "b", "c"] { try await file.write(part) }
          }
        }
        try await written.value
        #expect(try await read.value == "abc")
      }
    }
  }

  @Test func `what is looked at is told`() async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.appending("file")
      try await FileSystem.write("12345", to: path, permissions: 0o600)
      let info = try await FileSystem.info(path)
      #expect(info.kind == .file && info.size == 5 && info.permissions == 0o600 && info.links == 1)
      #expect(info.owner == getuid())
      #expect(info.modified > .seconds(1_600_000_000))
      let link = directory.appending("link")
      try await FileSystem.makeSymbolicLink(link, to: "file")
      #expect(try await FileSystem.info(link).inode == info.inode)
      #expect(try await FileSystem.info(link, followsLinks: false).kind == .symbolicLink)
      #expect(try await FileSystem.exists(path))
      #expect(try await !FileSystem.exists(directory.appending("other")))
      #expect(try await !FileSystem.exists(path.appending("below")))
    }
  }

  @Test func `names are changed, and nothing is replaced unless wanted`() async throws {
    try await withTemporaryDirectory { directory in
      let (a, b) = (directory.appending("a"), directory.appending("b"))
      try await FileSystem.write("a", to: a)
      try await FileSystem.write("b", to: b)
      let error = await #expect(throws: IOError.self) { try await FileSystem.rename(a, to: b) }
      #expect(error?.errno == EEXIST && error?.detail == "\(a) to \(b)")
      try await FileSystem.rename(a, to: b, replacing: true)
      #expect(try await FileSystem.readText(b) == "a")
      #expect(try await !FileSystem.exists(a))
      try await FileSystem.rename(b, to: a)
      #expect(try await FileSystem.list(directory).map(\.name) == ["a"])
    }
  }

  @Test func `directories are made and removed`() async throws {
    try await withTemporaryDirectory { directory in
      let deep = directory.appending("a/b/c")
      var error = await #expect(throws: IOError.self) { try await FileSystem.makeDirectory(deep) }
      #expect(error?.errno == ENOENT && error?.detail == deep.string)
      try await FileSystem.makeDirectory(deep, withParents: true)
      try await FileSystem.makeDirectory(deep, withParents: true)
      error = await #expect(throws: IOError.self) { try await FileSystem.makeDirectory(deep) }
      #expect(error?.errno == EEXIST)
      try await FileSystem.write("", to: deep.appending("file"))
      error = await #expect(throws: IOError.self) {
        try await FileSystem.makeDirectory(deep.appending("file"), withParents: true)
      }
      #expect(error?.errno == EEXIST)
      error = await #expect(throws: IOError.self) { try await FileSystem.remove(deep) }
      #expect(error?.errno == ENOTEMPTY)
      try await FileSystem.remove(deep.appending("file"))
      try await FileSystem.remove(deep)
      #expect(try await FileSystem.list(directory.appending("a/b")).isEmpty)
    }
  }

  @Test func `a tree is removed, and what its links stand for is not`() async throws {
    try await withTemporaryDirectory { directory in
      let (tree, kept) = (directory.appending("tree"), directory.appending("kept"))
      try await FileSystem.makeDirectory(tree.appending("a/b"), withParents: true)
      try await FileSystem.makeDirectory(kept)
      try await FileSystem.write("", to: kept.appending("file"))
      for name in ["x", "a/y", "a/b/z"] { try await FileSystem.write("", to: tree.appending(name)) }
      try await FileSystem.makeSymbolicLink(tree.appending("a/link"), to: kept)
      try await FileSystem.removeTree(tree)
      #expect(try await FileSystem.list(directory).map(\.name) == ["kept"])
      #expect(try await FileSystem.list(kept).map(\.name) == ["file"])
      try await FileSystem.removeTree(tree)
    }
  }

  @Test func `cancelled before, nothing is done`() async throws {
    try await withTemporaryDirectory { directory in
      let task = createTask {
        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
        try await FileSystem.write("x", to: directory.appending("file"))
      }
      await #expect(throws: CancellationError.self) { try await task.value }
      let left = try await FileSystem.list(directory)
      #expect(left.isEmpty)
    }
  }
}
