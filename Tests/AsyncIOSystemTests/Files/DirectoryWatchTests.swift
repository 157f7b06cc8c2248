import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
@testable import AsyncIOSystem
import AsyncIOTesting
import Glibc
import Testing

@Suite(.leavesNoProcess, .realTime, .deadline(.seconds(60))) struct DirectoryWatchTests {
  /// Changes up to the one that makes `isLast` true.
  private func changes(
    _ watch: DirectoryWatch, upTo isLast: (FileChange) -> Bool
  ) async throws -> [FileChange] {
    var changes: [FileChange] = []
    for try await change in watch {
      changes.append(change)
      if isLast(change) { break }
    }
    return changes
  }

  @Test func `what happens to a file is told in order`() async throws {
    try await withTemporaryDirectory { directory in
      let (a, b) = (directory.appending("a"), directory.appending("b"))
      let watch = try await FileSystem.watch(directory)
      try await FileSystem.write("text", to: a)
      try await FileSystem.rename(a, to: b)
      try await FileSystem.remove(b)
      let seen = try await changes(watch) { $0.kind == .removed }
      #expect(seen.map(\.kind) == [.created, .modified, .finished, .renamed(from: a), .removed])
      #expect(seen.map(\.path) == [a, a, a, b, b])
      #expect(!seen.contains { $0.isDirectory })
    }
  }

  @Test func `what comes from elsewhere is created, and what goes there is removed`() async throws {
    try await withTemporaryDirectory { directory in
      let (inside, outside) = (directory.appending("inside"), directory.appending("outside"))
      for path in [inside, outside] { try await FileSystem.makeDirectory(path) }
      try await FileSystem.write("", to: outside.appending("x"))
      let watch = try await FileSystem.watch(inside)
      try await FileSystem.rename(outside.appending("x"), to: inside.appending("x"))
      try await FileSystem.rename(inside.appending("x"), to: outside.appending("x"))
      let seen = try await changes(watch) { $0.kind == .removed }
      #expect(seen.map(\.kind) == [.created, .removed])
    }
  }

  @Test func `the directory's own end ends it`() async throws {
    try await withTemporaryDirectory { directory in
      let inner = directory.appending("inner")
      try await FileSystem.makeDirectory(inner)
      let watch = try await FileSystem.watch(inner)
      try await FileSystem.remove(inner)
      var seen: [FileChange] = []
      for try await change in watch { seen.append(change) }
      #expect(seen.map(\.kind) == [.removed] && seen.map(\.path) == [inner])
    }
  }

  @Test func `a tree is watched, with directories that are made, moved and renamed`() async throws {
    try await withTemporaryDirectory { directory in
      try await FileSystem.makeDirectory(directory.appending("old/deep"), withParents: true)
      let watch = try await FileSystem.watch(directory, recursive: true)
      try await FileSystem.write("", to: directory.appending("old/deep/1"))
      #expect(
        try await changes(watch) { $0.kind == .finished }.last?.path == directory.appending("old/deep/1"))
      try await FileSystem.makeDirectory(directory.appending("new/deeper"), withParents: true)
      try await FileSystem.write("", to: directory.appending("new/deeper/2"))
      let second = directory.appending("new/deeper/2")
      // It may be found by looking, or told, or both.
      #expect(
        try await changes(watch) { $0.path == second }.contains { $0.path == directory.appending("new") })
      try await FileSystem.rename(directory.appending("old"), to: directory.appending("older"))
      try await FileSystem.write("", to: directory.appending("older/deep/3"))
      let third = directory.appending("older/deep/3")
      let seen = try await changes(watch) { $0.path == third && $0.kind == .finished }
      let renaming = FileChange(
        path: directory.appending("older"), kind: .renamed(from: directory.appending("old")),
        isDirectory: true)
      #expect(seen.contains(renaming))
    }
  }

  @Test func `waiting for a change can be cancelled, and nothing is lost`() async throws {
    try await withTemporaryDirectory { directory in
      let watch = try await FileSystem.watch(directory)
      let task = createTask {
        var changes = watch.makeAsyncIterator()
        return try await changes.next()
      }
      try await checkpoint()
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      try await FileSystem.makeDirectory(directory.appending("d"))
      var rest = watch.makeAsyncIterator()
      #expect(
        try await rest.next() == FileChange(path: directory.appending("d"), kind: .created, isDirectory: true)
      )
      watch.stop()
      #expect(try await rest.next() == nil)
    }
  }

  @Test func `stopping it ends who waits`() async throws {
    try await withTemporaryDirectory { directory in
      let watch = try await FileSystem.watch(directory)
      let task = createTask {
        var changes = watch.makeAsyncIterator()
        return try await changes.next()
      }
      try await checkpoint()
      watch.stop()
      #expect(try await task.value == nil)
    }
  }

  @Test func `what cannot be watched is named`() async throws {
    let error = await #expect(throws: IOError.self) { try await FileSystem.watch("/nowhere") }
    #expect(error?.errno == ENOENT && error?.detail == "/nowhere")
  }
}
