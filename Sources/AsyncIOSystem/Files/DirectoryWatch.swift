// Changes in directories, by inotify.
//
// The system tells changes by the number of a watch and a name. For a tree there is a watch for each directory, and a table of
// their paths. A directory that appears is watched from then on; what was made in it before that is found by looking, and told as
// created: something may so be told twice, but nothing is missed. A directory that is renamed keeps its watch, and its
// paths are changed in the table.
//
// The table belongs to whoever iterates; it and the changes that were read and not given are under one mutex.

import AsyncIOCoordination
import AsyncIORuntime
internal import CAsyncIO
import Glibc
import Synchronization

/// Something that has happened in a directory.
public struct FileChange: Sendable, Hashable {
  /// What has happened.
  public enum Kind: Sendable, Hashable {
    /// It was made, or has come from a directory that is not watched.
    case created
    /// Its content was changed; a file that is being written is changed many times.
    case modified
    /// It was closed by somebody who could have written it: then it is complete.
    case finished
    /// It was removed, or went to a directory that is not watched.
    case removed
    /// It has this name now, and had another before.
    case renamed(from: FilePath)
    /// Its permissions, owner or times were changed.
    case attributes
    /// Changes were lost, as more came than the system keeps: look at everything.
    case overflow
  }

  /// What it has happened to: the directory's path as it was given, and the name.
  public let path: FilePath
  /// What has happened.
  public let kind: Kind
  /// Whether it has happened to a directory.
  public let isDirectory: Bool
}

extension FileSystem {
  /// Tells what happens in a directory from this call on (watchfiles' `awatch`).
  ///
  /// ```swift
  /// for try await change in try await FileSystem.watch("inbox") where change.kind == .finished {
  ///   try await process(change.path)
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - path: Of a directory, or of one file.
  ///   - recursive: Whether to watch all directories below it too, those that are made later included; each costs the system a
  ///     watch, of which it has a limited number.
  /// - Returns: The changes; it ends when the directory itself is removed.
  /// - Throws: `IOError`, with `ENOSPC` when the system has no watch left; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is watched when it throws.
  public static func watch(_ path: FilePath, recursive: Bool = false) async throws -> DirectoryWatch {
    let (number, paths) = try await withBlocking {
      let number = casyncio_inotify_open()
      guard number >= 0 else { throw FileCalls.error(-number, "inotify_init1", path) }
      do {
        var paths = [try DirectoryWatch.add(path, number): path]
        if recursive { try DirectoryWatch.addTree(path, number, &paths) { _ in } }
        return (number, paths)
      } catch {
        close(number)
        throw error
      }
    }
    return DirectoryWatch(path, try Descriptor(number), paths, recursive)
  }
}

/// Changes in a directory; made by `FileSystem.watch`.
///
/// Dropping it ends the watching.
public final class DirectoryWatch: AsyncSequence, Sendable {
  /// Something that has happened.
  public typealias Element = FileChange

  /// A directory that has appeared and may be to be watched.
  private typealias Newcomer = FilePath

  private struct State {
    /// Where each watch looks.
    var paths: [CInt: FilePath]
    /// What was read and not given, and directories to look into before what comes behind them.
    var changes: [FileChange] = []
    var newcomers: [Newcomer] = []
    var hasEnded = false
  }

  private static let mask =
    UInt32(IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO)
    | UInt32(IN_DELETE_SELF | IN_MOVE_SELF)

  private let root: FilePath
  private let descriptor: Descriptor
  private let isRecursive: Bool
  private let state: Mutex<State>

  fileprivate init(_ root: FilePath, _ descriptor: Descriptor, _ paths: [CInt: FilePath], _ isRecursive: Bool)
  {
    self.root = root
    self.descriptor = descriptor
    self.isRecursive = isRecursive
    state = Mutex(State(paths: paths))
  }

  /// Ends the watching: iterations end.
  ///
  /// Idempotent.
  public func stop() { descriptor.close() }

  // MARK: Watches, on a thread

  fileprivate static func add(_ path: FilePath, _ number: CInt) throws(IOError) -> CInt {
    let watch = unsafe path.withPlatformString { unsafe casyncio_inotify_add(number, $0, mask) }
    guard watch >= 0 else { throw FileCalls.error(-watch, "watch", path) }
    return watch
  }

  /// Watches all directories below one that is watched, and tells what is in them.
  fileprivate static func addTree(
    _ directory: FilePath, _ number: CInt, _ paths: inout [CInt: FilePath], _ found: (DirectoryEntry) -> Void
  ) throws(IOError) {
    // It may be gone by now.
    guard let entries = try? DirectoryReading.entries(of: directory) else { return }
    for entry in entries {
      found(entry)
      guard entry.kind == .directory else { continue }
      do throws(IOError) {
        paths[try add(entry.path, number)] = entry.path
      } catch {
        if error.errno == ENOENT || error.errno == EACCES { continue }
        throw error
      }
      try addTree(entry.path, number, &paths, found)
    }
  }

  // MARK: Iterating

  /// Makes an iterator; one task iterates at a time.
  public func makeAsyncIterator() -> Iterator { Iterator(watch: self) }

  /// Gives the changes in the order in which the system tells them.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let watch: DirectoryWatch

    /// The next change; nil when the directory itself was removed, or after `stop`.
    ///
    /// - Throws: `IOError`; `CancellationError`.
    ///
    /// ## Cancellation
    /// Nothing is lost; the call may be repeated.
    public mutating func next() async throws -> FileChange? { try await watch.next() }
  }

  private func next() async throws -> FileChange? {
    while true {
      try await lookIntoNewcomers()
      let (change, hasEnded) = state.withLock { state in
        (state.changes.isEmpty ? nil : state.changes.removeFirst(), state.hasEnded)
      }
      if let change { return change }
      if hasEnded {
        stop()
        return nil
      }
      do {
        try await read()
      } catch let error as IOError where error.code == .closed {
        return nil
      }
    }
  }

  private func read() async throws {
    while true {
      var bytes: [UInt8] = []
      let count = unsafe try bytes.append(atMost: 65_536) { room in
        try descriptor.attempt(.read, "read") { number in
          unsafe Glibc.read(number, room.baseAddress, room.count)
        } isDrained: { _ in
          false
        }
      }
      if count != nil {
        state.withLock { Self.take(Self.events(in: bytes), into: &$0, root, isRecursive) }
        return
      }
      try await descriptor.waitUntilReady(.read, "watch a directory")
    }
  }

  private func lookIntoNewcomers() async throws {
    let newcomers = state.withLock { $0.newcomers }
    guard !newcomers.isEmpty else { return }
    let found = try await withBlocking { [descriptor] in
      try descriptor.withNumber("watch") { number throws(IOError) in
        var paths: [CInt: FilePath] = [:]
        var entries: [DirectoryEntry] = []
        for newcomer in newcomers {
          guard let watch = try? Self.add(newcomer, number) else { continue }
          paths[watch] = newcomer
          try Self.addTree(newcomer, number, &paths) { entries.append($0) }
        }
        return (paths, entries)
      }
    }
    state.withLock { state in
      state.newcomers = []
      state.paths.merge(found.0) { $1 }
      state.changes += found.1.map {
        FileChange(path: $0.path, kind: .created, isDirectory: $0.kind == .directory)
      }
    }
  }

  // MARK: What the system tells

  private struct Event {
    let watch: CInt
    let mask: UInt32
    let cookie: UInt32
    let name: FilePath.Component?

    func has(_ bits: Int32) -> Bool { mask & UInt32(bitPattern: bits) != 0 }
  }

  private static func events(in bytes: [UInt8]) -> [Event] {
    unsafe bytes.withUnsafeBytes { bytes in
      var events: [Event] = []
      var offset = 0
      // Four words and a name, filled up with zeros: inotify(7).
      while offset + 16 <= bytes.count {
        let length = unsafe Int(bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
        let name = unsafe bytes[(offset + 16)..<(offset + 16 + length)].prefix { $0 != 0 }
        events.append(
          unsafe Event(
            watch: bytes.loadUnaligned(fromByteOffset: offset, as: CInt.self),
            mask: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self),
            cookie: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt32.self),
            name: component(Array(name))))
        offset += 16 + length
      }
      return events
    }
  }

  private static func component(_ name: [UInt8]) -> FilePath.Component? {
    let characters = name.map { CChar(bitPattern: $0) } + [0]
    return unsafe characters.withUnsafeBufferPointer { characters in
      unsafe characters.baseAddress.flatMap { unsafe FilePath.Component(platformString: $0) }
    }
  }

  private static func take(_ events: [Event], into state: inout State, _ root: FilePath, _ isRecursive: Bool)
  {
    var index = 0
    while index < events.count {
      let event = events[index]
      index += 1
      if event.has(IN_Q_OVERFLOW) {
        state.changes.append(FileChange(path: root, kind: .overflow, isDirectory: true))
        continue
      }
      guard let directory = state.paths[event.watch] else { continue }
      if event.has(IN_IGNORED) {
        state.paths[event.watch] = nil
        if directory == root { state.hasEnded = true }
        continue
      }
      guard let name = event.name else {
        takeChange(of: directory, event, into: &state, root)
        continue
      }
      let path = directory.appending(name)
      let isDirectory = event.has(IN_ISDIR)
      // The two halves of a renaming stand together, unless others were faster.
      if event.has(IN_MOVED_FROM), index < events.count, events[index].has(IN_MOVED_TO),
        events[index].cookie == event.cookie, let newName = events[index].name,
        let newDirectory = state.paths[events[index].watch]
      {
        index += 1
        let newPath = newDirectory.appending(newName)
        if isDirectory { move(path, to: newPath, in: &state.paths) }
        state.changes.append(FileChange(path: newPath, kind: .renamed(from: path), isDirectory: isDirectory))
        continue
      }
      if isDirectory, isRecursive, event.has(IN_CREATE | IN_MOVED_TO) { state.newcomers.append(path) }
      for kind in kinds(of: event) {
        state.changes.append(FileChange(path: path, kind: kind, isDirectory: isDirectory))
      }
    }
  }

  /// A change of what is watched itself.
  ///
  /// That of a directory below is told by the one above it.
  private static func takeChange(of path: FilePath, _ event: Event, into state: inout State, _ root: FilePath)
  {
    guard path == root else { return }
    if event.has(IN_DELETE_SELF | IN_MOVE_SELF) {
      state.changes.append(FileChange(path: path, kind: .removed, isDirectory: event.has(IN_ISDIR)))
      state.hasEnded = true
      return
    }
    for kind in kinds(of: event) {
      state.changes.append(FileChange(path: path, kind: kind, isDirectory: event.has(IN_ISDIR)))
    }
  }

  private static func kinds(of event: Event) -> [FileChange.Kind] {
    let table: [(Int32, FileChange.Kind)] = [
      (IN_CREATE | IN_MOVED_TO, .created), (IN_MODIFY, .modified), (IN_CLOSE_WRITE, .finished),
      (IN_ATTRIB, .attributes), (IN_DELETE | IN_MOVED_FROM, .removed),
    ]
    return table.filter { event.has($0.0) }.map(\.1)
  }

  /// Changes the paths of watches that were moved with their directory.
  private static func move(_ old: FilePath, to new: FilePath, in paths: inout [CInt: FilePath]) {
    for (watch, path) in paths where path.starts(with: old) {
      var rest = path
      _ = rest.removePrefix(old)
      paths[watch] = rest.isEmpty ? new : new.appending(rest.components)
    }
  }
}
