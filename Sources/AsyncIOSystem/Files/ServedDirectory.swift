// A directory that files are opened in for others, by paths that they have chosen.
//
// That no path leads out of it is seen to by the system, while it walks the path (`openat2` with RESOLVE_BENEATH): what is looked at
// before could be a link to somewhere else by the time it is opened. Where the system cannot, no symbolic links are followed
// at all.

import AsyncIOCoordination
import AsyncIORuntime
internal import CAsyncIO
import Glibc

/// A directory as the root of what others may read.
package final class ServedDirectory: Sendable {
  private let directory: OpenFile
  /// Where it is.
  package var path: FilePath { directory.path }

  /// Opens the directory, which stays the same wherever it is moved to.
  ///
  /// - Parameter path: Where it is.
  /// - Throws: `IOError`, with `ENOTDIR` if it is no directory.
  package init(_ path: FilePath) throws {
    directory = OpenFile(try FileCalls.open(path, O_RDONLY | O_DIRECTORY), path)
  }

  /// Something that was opened, and what is known of it.
  package struct Opened: Sendable {
    package let file: File
    package let info: FileInfo
  }

  /// Opens a file or a directory.
  ///
  /// What is in memory is opened without a thread.
  ///
  /// - Parameters:
  ///   - relative: Its path from here, without `.` and `..`, and without empty components; `.` for the directory itself.
  ///   - followsLinksOut: Whether symbolic links may lead out of the directory.
  /// - Returns: The open file.
  /// - Throws: `IOError`, with `ENOENT` if there is nothing, with `EXDEV` for a link that leads out; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is changed in any case.
  package func open(_ relative: FilePath, followsLinksOut: Bool) async throws -> Opened {
    let directory = directory
    let cached = try directory.use("open") {
      Self.open($0, relative, beneath: !followsLinksOut, cached: true)
    }
    if cached >= 0 { return try opened(cached, relative) }
    let number = try await withBlocking {
      let number = try directory.use("open") {
        Self.open($0, relative, beneath: !followsLinksOut, cached: false)
      }
      guard number >= 0 else {
        throw FileCalls.error(-number, "open", directory.path.appending(relative.components))
      }
      return number
    }
    return try opened(number, relative)
  }

  private static func open(_ directory: CInt, _ relative: FilePath, beneath: Bool, cached: Bool) -> CInt {
    unsafe relative.withPlatformString {
      unsafe casyncio_open_beneath(directory, $0, beneath, cached)
    }
  }

  private func opened(_ number: CInt, _ relative: FilePath) throws -> Opened {
    let file = OpenFile(number, path.appending(relative.components))
    let status = try file.use("stat") { number in try FileCalls.status(number, file.path) }
    return Opened(file: File(file), info: FileInfo(status))
  }
}

extension File {
  /// Reads exactly `count` bytes from a place of the file, if they are in memory; nil otherwise.
  package func readCached(at offset: Int, count: Int) throws -> [UInt8]? {
    guard count <= CachedRead.limit else { return nil }
    return try file.use("read") { number in
      var found = 0
      let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        found = unsafe CachedRead.some(number, into: UnsafeMutableRawBufferPointer(buffer), at: offset) ?? -1
        initialized = max(0, found)
      }
      return found == count ? bytes : nil
    }
  }

  /// The entries of an open directory, in the order of the names.
  ///
  /// - Parameter followsLinks: Whether of a symbolic link is told what it leads to, wherever that is; otherwise what it is itself.
  /// - Returns: Each entry, and what is known of it; nil where it is gone, or leads to nothing.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is changed in any case.
  package func entries(
    followsLinks: Bool
  ) async throws -> [(entry: DirectoryEntry, info: FileInfo?)] {
    let file = file
    let flags = followsLinks ? 0 : AT_SYMLINK_NOFOLLOW
    return try await withBlocking {
      try file.use("read directory") { number in
        try DirectoryReading.entries(ofOpen: number, file.path).map { entry in
          var status = stat()
          let result = unsafe entry.name.withCString { unsafe fstatat(number, $0, &status, flags) }
          return (entry, result == 0 ? FileInfo(status) : nil)
        }
      }
    }
  }
}
