// What is in directories.
//
// A walk takes whole directories to a thread at a time, several if they are small, and gives their entries one by one from
// memory: a trip for each entry would cost more than the reading.

import AsyncIOCoordination
import AsyncIORuntime
internal import CAsyncIO
import Glibc

/// A name in a directory.
public struct DirectoryEntry: Sendable, Hashable {
  /// Where it is: the directory's path as it was given, and the name.
  public let path: FilePath
  /// What it stands for.
  public let kind: FileKind

  /// The last part of its path.
  public var name: String { path.lastComponent?.string ?? path.string }
}

extension FileSystem {
  /// What is in a directory, in the order of the names.
  ///
  /// - Parameter directory: What to read.
  /// - Returns: All entries but `.` and `..`.
  /// - Throws: `IOError`, with `ENOTDIR` if it is no directory; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is changed in any case.
  public static func list(_ directory: FilePath) async throws -> [DirectoryEntry] {
    try await withBlocking { try DirectoryReading.entries(of: directory) }
  }

  /// Everything in a directory and in those within it: a directory before what is in it, in the order of the names.
  ///
  /// Symbolic links are given and not followed.
  ///
  /// - Parameter directory: Where to begin; it is not given itself.
  /// - Returns: A sequence, which reads as it is iterated.
  public static func walk(_ directory: FilePath) -> DirectoryWalk { DirectoryWalk(root: directory) }
}

/// Everything below a directory; made by `FileSystem.walk`.
public struct DirectoryWalk: AsyncSequence, Sendable {
  /// A name in one of the directories.
  public typealias Element = DirectoryEntry

  let root: FilePath

  /// Begins at the root.
  public func makeAsyncIterator() -> Iterator { Iterator(pending: [.directory(root)]) }

  /// Gives entries, and reads directories when it has none left.
  public struct Iterator: AsyncIteratorProtocol {
    enum Step: Sendable {
      case entry(DirectoryEntry)
      /// To be read when its turn comes.
      case directory(FilePath)
    }

    /// How many entries to have in memory before a thread gives them back.
    private static let batch = 512

    /// What is to come, last first.
    var pending: [Step]

    /// The next entry; nil when all were given.
    ///
    /// - Throws: `IOError` when a directory cannot be read; the next call goes on behind it. `CancellationError`.
    ///
    /// ## Cancellation
    /// The call may be repeated.
    public mutating func next() async throws -> DirectoryEntry? {
      while let step = pending.last {
        switch step {
        case .entry(let entry):
          pending.removeLast()
          return entry
        case .directory:
          let (entries, failure) = try await read()
          pending = entries
          if let failure { throw failure }
        }
      }
      return nil
    }

    /// Reads what comes first, until there are enough entries in front.
    private func read() async throws -> ([Step], IOError?) {
      let pending = pending
      return try await withBlocking {
        var steps = pending
        // Directories that were opened out; what stands behind them is in their order by then.
        var done: [Step] = []
        var count = 0
        while count < Self.batch, let step = steps.popLast() {
          guard case .directory(let path) = step else {
            done.append(step)
            continue
          }
          do {
            let entries = try DirectoryReading.entries(of: path)
            count += entries.count
            for entry in entries.reversed() {
              if entry.kind == .directory { steps.append(.directory(entry.path)) }
              steps.append(.entry(entry))
            }
          } catch let error as IOError {
            return (steps + done.reversed(), error)
          }
        }
        return (steps + done.reversed(), nil)
      }
    }
  }
}

/// Blocking reads of directories.
enum DirectoryReading {
  static func entries(of directory: FilePath) throws(IOError) -> [DirectoryEntry] {
    let number = try FileCalls.open(directory, O_RDONLY | O_DIRECTORY)
    defer { close(number) }
    return try entries(ofOpen: number, directory)
  }

  /// The entries of an open directory, which stays open.
  static func entries(ofOpen number: CInt, _ directory: FilePath) throws(IOError) -> [DirectoryEntry] {
    // The stream closes its descriptor.
    let own = fcntl(number, F_DUPFD_CLOEXEC, 3)
    guard own >= 0, let stream = unsafe fdopendir(own) else {
      let failure = errno
      if own >= 0 { close(own) }
      throw FileCalls.error(failure, "read directory", directory)
    }
    defer { unsafe closedir(stream) }
    var entries: [DirectoryEntry] = []
    while true {
      errno = 0
      guard let found = unsafe readdir(stream) else { break }
      guard let name = unsafe name(of: found), name.kind == .regular else { continue }
      let kind = unsafe kind(of: found.pointee.d_type, name, in: number)
      entries.append(DirectoryEntry(path: directory.appending(name), kind: kind))
    }
    guard errno == 0 else { throw FileCalls.error(errno, "read directory", directory) }
    return entries.sorted { $0.name < $1.name }
  }

  /// The name as it is, UTF-8 or not.
  private static func name(of entry: UnsafeMutablePointer<dirent>) -> FilePath.Component? {
    unsafe withUnsafePointer(to: &entry.pointee.d_name) {
      unsafe FilePath.Component(platformString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
    }
  }

  private static func kind(of type: UInt8, _ name: FilePath.Component, in directory: CInt) -> FileKind {
    switch Int(type) {
    case Int(DT_REG): return .file
    case Int(DT_DIR): return .directory
    case Int(DT_LNK): return .symbolicLink
    case Int(DT_UNKNOWN):
      // Some file systems do not say; gone meanwhile is whatever it was.
      var status = stat()
      let result = unsafe name.withPlatformString {
        unsafe fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW)
      }
      return result == 0 ? FileKind(mode: status.st_mode) : .other
    default: return .other
    }
  }
}
