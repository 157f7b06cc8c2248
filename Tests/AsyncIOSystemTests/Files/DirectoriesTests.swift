import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOSystem
import AsyncIOTesting
import Glibc
import Testing

@Suite(.realTime, .deadline(.seconds(60))) struct DirectoriesTests {
  @Test func `a directory is listed in the order of the names, with kinds`() async throws {
    try await withTemporaryDirectory { directory in
      for name in ["b", "a", ".hidden"] { try await FileSystem.write("", to: directory.appending(name)) }
      try await FileSystem.makeDirectory(directory.appending("d"))
      try await FileSystem.makeSymbolicLink(directory.appending("c"), to: "d")
      let fifo = unsafe mkfifo(directory.appending("e").string, 0o600)
      try #require(fifo == 0)
      let entries = try await FileSystem.list(directory)
      #expect(entries.map(\.name) == [".hidden", "a", "b", "c", "d", "e"])
      #expect(entries.map(\.kind) == [.file, .file, .file, .symbolicLink, .directory, .other])
      #expect(entries[1].path == directory.appending("a"))
    }
  }

  @Test func `names that are no text survive`() async throws {
    try await withTemporaryDirectory { directory in
      let name: [CChar] = [120, -1, -2, 0]
      let path = directory.pushing(FilePath(platformString: name))
      try await FileSystem.write("odd", to: path)
      let entry = try #require(try await FileSystem.list(directory).first)
      #expect(entry.path == path)
      #expect(try await FileSystem.readText(entry.path) == "odd")
    }
  }

  @Test func `a walk gives everything, a directory before what is in it`() async throws {
    try await withTemporaryDirectory { directory in
      try await FileSystem.makeDirectory(directory.appending("a/b"), withParents: true)
      try await FileSystem.makeDirectory(directory.appending("c"))
      for name in ["a/1", "a/b/2", "b", "c/3"] {
        try await FileSystem.write("", to: directory.appending(name))
      }
      try await FileSystem.makeSymbolicLink(directory.appending("c/up"), to: "..")
      var seen: [String] = []
      for try await entry in FileSystem.walk(directory) {
        seen.append(String(entry.path.string.dropFirst(directory.string.utf8.count + 1)))
      }
      #expect(seen == ["a", "a/1", "a/b", "a/b/2", "b", "c", "c/3", "c/up"])
    }
  }

  @Test func `a walk through many directories is in order too`() async throws {
    try await withTemporaryDirectory { directory in
      let expected = (10..<40).flatMap { outer in
        [directory.appending("\(outer)")] + (10..<40).map { directory.appending("\(outer)/\($0)") }
      }
      // All in one call: on a busy machine each costs a wait for a core.
      try await withBlocking {
        for path in expected { try #require(unsafe mkdir(path.string, 0o777) == 0) }
      }
      var seen: [FilePath] = []
      for try await entry in FileSystem.walk(directory) { seen.append(entry.path) }
      #expect(seen == expected)
    }
  }

  @Test func `a directory that cannot be read is told, and the walk goes on behind it`() async throws {
    try await withTemporaryDirectory { directory in
      for name in ["a", "b", "c"] { try await FileSystem.makeDirectory(directory.appending(name)) }
      try await FileSystem.write("", to: directory.appending("c/file"))
      var walk = FileSystem.walk(directory).makeAsyncIterator()
      let first = try await walk.next()
      #expect(first?.name == "a")
      var names: [String] = []
      var failures = 0
      try await FileSystem.remove(directory.appending("b"))
      while true {
        do {
          guard let entry = try await walk.next() else { break }
          names.append(entry.name)
        } catch let error as IOError {
          #expect(error.errno == ENOENT)
          failures += 1
        }
      }
      // What was read in one go with the first was still there.
      #expect(names == ["b", "c", "file"])
      #expect(failures == 0)
      var missing = FileSystem.walk(directory.appending("b")).makeAsyncIterator()
      let error = await #expect(throws: IOError.self) { try await missing.next() }
      #expect(error?.errno == ENOENT && error?.detail == directory.appending("b").string)
      #expect(try await missing.next() == nil)
    }
  }
}
