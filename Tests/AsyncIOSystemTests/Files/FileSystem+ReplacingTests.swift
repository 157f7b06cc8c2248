import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOSystem
import AsyncIOTesting
import Glibc
import Testing

@Suite(.realTime, .deadline(.seconds(60))) struct FileReplacingTests {
  @Test func `a file is replaced with its permissions, and made if it is missing`() async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.appending("file")
      try await FileSystem.replace(path, with: [1], permissions: 0o640)
      #expect(try await FileSystem.info(path).permissions == 0o640)
      let inode = try await FileSystem.info(path).inode
      try await FileSystem.replace(path, with: [2], synchronizes: false)
      #expect(try await FileSystem.read(path) == [2])
      #expect(try await FileSystem.info(path).permissions == 0o640)
      #expect(try await FileSystem.info(path).inode != inode)
      #expect(try await FileSystem.list(directory).map(\.name) == ["file"])
    }
  }

  @Test func `who has the old file open keeps it, and no reader sees a part`() async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.appending("file")
      let contents = (0..<20).map { [UInt8](repeating: $0, count: 100_000) }
      try await FileSystem.replace(path, with: contents[0])
      let old = try await File.open(path)
      try await withTaskScope { scope in
        let reader = scope.createTask {
          for _ in 0..<50 {
            let bytes = try await FileSystem.read(path)
            #expect(bytes.count == 100_000 && Set(bytes).count == 1)
          }
        }
        for content in contents { try await FileSystem.replace(path, with: content, synchronizes: false) }
        try await reader.value
      }
      #expect(try await old.readAll() == contents[0])
    }
  }

  @Test func `a failure leaves the old file, and nothing beside it`() async throws {
    try await withTemporaryDirectory { directory in
      try await FileSystem.makeDirectory(directory.appending("taken/inside"), withParents: true)
      let error = await #expect(throws: IOError.self) {
        try await FileSystem.replace(directory.appending("taken"), with: [1])
      }
      #expect(error?.errno == EISDIR || error?.errno == ENOTEMPTY || error?.errno == EEXIST)
      #expect(try await FileSystem.list(directory).map(\.name) == ["taken"])
      let missing = await #expect(throws: IOError.self) {
        try await FileSystem.replace(directory.appending("no/file"), with: [1])
      }
      #expect(missing?.errno == ENOENT)
    }
  }

  @Test func `a copy has content and permissions, and replaces nothing unless wanted`() async throws {
    try await withTemporaryDirectory(in: "/var/tmp") { directory in
      let (source, target) = (directory.appending("a"), directory.appending("b"))
      let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13 >> 4) }
      try await FileSystem.write(bytes, to: source, permissions: 0o750)
      try await FileSystem.copy(source, to: target)
      #expect(try await FileSystem.read(target) == bytes)
      #expect(try await FileSystem.info(target).permissions == 0o750)
      let error = await #expect(throws: IOError.self) { try await FileSystem.copy(source, to: target) }
      #expect(error?.errno == EEXIST)
      try await FileSystem.write("new", to: source)
      try await FileSystem.copy(source, to: target, replacing: true)
      #expect(try await FileSystem.readText(target) == "new")
      #expect(try await FileSystem.list(directory).count == 2)
    }
  }

  @Test func `a copy goes to another device, and from files of the kernel's`() async throws {
    try await withTemporaryDirectory(in: "/dev/shm") { directory in
      try await withTemporaryFile(in: "/var/tmp") { file in
        try await file.write("across")
        try await FileSystem.copy(file.path, to: directory.appending("copy"))
        #expect(try await FileSystem.readText(directory.appending("copy")) == "across")
      }
      try await FileSystem.copy("/proc/version", to: directory.appending("version"))
      #expect(try await FileSystem.read(directory.appending("version")) == FileSystem.read("/proc/version"))
      let error = await #expect(throws: IOError.self) {
        try await FileSystem.copy("/usr", to: directory.appending("usr"))
      }
      #expect(error?.errno == EISDIR)
    }
  }

  @Test func `temporary things are removed, whatever happens`() async throws {
    var left: [FilePath] = []
    try await withTemporaryDirectory { directory in
      left.append(directory)
      #expect(try await FileSystem.info(directory).permissions == 0o700)
      try await FileSystem.makeDirectory(directory.appending("a/b"), withParents: true)
    }
    await #expect(throws: TestFailure.self) {
      try await withTemporaryDirectory { directory in
        left.append(directory)
        throw TestFailure()
      }
    }
    try await withTemporaryFile { file in
      left.append(file.path)
      try await file.write("text")
      try file.seek(to: 0)
      #expect(try await file.readAll() == Array("text".utf8))
      #expect(try await FileSystem.info(file.path).permissions == 0o600)
    }
    let seen = Locked<FilePath?>(nil)
    let task = createTask {
      try await withTemporaryDirectory { directory in
        seen.value = directory
        try await sleep(for: .seconds(1000))
      }
    }
    while seen.value == nil { try await checkpoint() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    left.append(try #require(seen.value))
    for path in left { #expect(try await !FileSystem.exists(path)) }
    #expect(left.count == 4)
  }
}
