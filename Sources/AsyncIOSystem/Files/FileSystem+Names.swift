// Names: looking at them, making and removing them.

import AsyncIOCoordination
import AsyncIORuntime
internal import CAsyncIO
import Glibc

extension FileSystem {
  /// Looks at a file (`os.stat`).
  ///
  /// - Parameters:
  ///   - path: What to look at.
  ///   - followsLinks: Whether to look at what a symbolic link stands for, or at the link itself.
  /// - Returns: What the system knows.
  /// - Throws: `IOError`, with `ENOENT` if there is nothing; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is changed in any case.
  public static func info(_ path: FilePath, followsLinks: Bool = true) async throws -> FileInfo {
    try await withBlocking { FileInfo(try status(path, followsLinks)) }
  }

  /// Whether there is something under a path; a symbolic link to nothing is nothing.
  ///
  /// - Parameter path: What to look for.
  /// - Returns: False if there is nothing, or no way to it.
  /// - Throws: `IOError` when that cannot be found out; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is changed in any case.
  public static func exists(_ path: FilePath) async throws -> Bool {
    try await withBlocking {
      do throws(IOError) {
        _ = try status(path, true)
        return true
      } catch {
        guard error.errno == ENOENT || error.errno == ENOTDIR else { throw error }
        return false
      }
    }
  }

  static func status(_ path: FilePath, _ followsLinks: Bool) throws(IOError) -> stat {
    var status = stat()
    unsafe try FileCalls.call("stat", path) { unsafe followsLinks ? stat($0, &status) : lstat($0, &status) }
    return status
  }

  /// Makes a directory.
  ///
  /// - Parameters:
  ///   - path: Where.
  ///   - withParents: Whether to make those above that are missing, and to be content if it exists (`exist_ok`).
  ///   - permissions: Less what the process's mask takes away.
  /// - Throws: `IOError`, with `EEXIST` if something is there; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the beginning, nothing is made; afterwards all is.
  public static func makeDirectory(
    _ path: FilePath, withParents: Bool = false, permissions: UInt32 = 0o777
  ) async throws {
    try await withBlocking { try makeDirectoryNow(path, withParents, permissions) }
  }

  private static func makeDirectoryNow(
    _ path: FilePath, _ withParents: Bool, _ permissions: UInt32
  ) throws(IOError) {
    let failure = makeOne(path, permissions)
    if failure == 0 { return }
    if withParents, failure == EEXIST, try status(path, true).st_mode & S_IFMT == S_IFDIR { return }
    let parent = path.removingLastComponent()
    guard withParents, failure == ENOENT, !parent.isEmpty, parent != path else {
      throw FileCalls.error(failure, "make directory", path)
    }
    try makeDirectoryNow(parent, true, 0o777)
    // Somebody else may have been faster.
    let second = makeOne(path, permissions)
    guard second == 0 || second == EEXIST else { throw FileCalls.error(second, "make directory", path) }
  }

  private static func makeOne(_ path: FilePath, _ permissions: UInt32) -> CInt {
    unsafe path.withPlatformString { unsafe mkdir($0, permissions) == 0 ? 0 : errno }
  }

  /// Gives a file or directory another name on the same device.
  ///
  /// - Parameters:
  ///   - path: The old name.
  ///   - new: The new one.
  ///   - replaces: Whether a file, or an empty directory, of that name is replaced; otherwise it is an error.
  /// - Throws: `IOError`, with `EEXIST` if the new name is taken, with `EXDEV` if it is on another device; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the beginning, nothing is changed.
  public static func rename(_ path: FilePath, to new: FilePath, replacing replaces: Bool = false) async throws
  {
    try await withBlocking {
      let failure = renameNow(path, new, replaces)
      guard failure == 0 else {
        throw IOError(.system, errno: failure, operation: "rename", detail: "\(path) to \(new)")
      }
    }
  }

  static func renameNow(_ path: FilePath, _ new: FilePath, _ replaces: Bool) -> CInt {
    unsafe path.withPlatformString { path in
      unsafe new.withPlatformString { unsafe casyncio_rename(path, $0, replaces) }
    }
  }

  /// Removes a file, a symbolic link, or an empty directory.
  ///
  /// - Parameter path: What to remove.
  /// - Throws: `IOError`, with `ENOTEMPTY` for a directory that is not empty; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the beginning, nothing is removed.
  public static func remove(_ path: FilePath) async throws {
    try await withBlocking {
      unsafe try FileCalls.call("remove", path) { unsafe Glibc.remove($0) }
    }
  }

  /// Removes a directory with all that is in it, or a file.
  ///
  /// A symbolic link is removed, not what it stands for.
  ///
  /// - Parameter path: What to remove; nothing there is no error.
  /// - Throws: `IOError`, and then a part may have been removed; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the beginning, nothing is removed; afterwards all is.
  public static func removeTree(_ path: FilePath) async throws {
    try await withBlocking { try removeTreeNow(path) }
  }

  static func removeTreeNow(_ path: FilePath) throws(IOError) {
    try TreeRemoval.remove(path, as: path, in: AT_FDCWD)
  }

  /// Makes a symbolic link.
  ///
  /// - Parameters:
  ///   - path: Where the link is to be.
  ///   - target: What it stands for, relative to where it is.
  /// - Throws: `IOError`, with `EEXIST` if something is there; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the beginning, nothing is made.
  public static func makeSymbolicLink(_ path: FilePath, to target: FilePath) async throws {
    try await withBlocking {
      unsafe try FileCalls.call("make link", path) { path in
        unsafe target.withPlatformString { unsafe symlink($0, path) }
      }
    }
  }
}

/// Removes trees by open directories, so that a directory that is exchanged for a link meanwhile leads nowhere else.
private enum TreeRemoval {
  /// Removes what is at the end of `path`.
  ///
  /// - Parameters:
  ///   - path: The whole path, for errors.
  ///   - name: What is left of it from `parent` on.
  ///   - parent: An open directory.
  /// - Throws: `IOError` of the first that cannot be removed.
  static func remove(_ path: FilePath, as name: FilePath, in parent: CInt) throws(IOError) {
    let failure = unlinkOne(name, in: parent, 0)
    if failure == 0 || failure == ENOENT { return }
    guard failure == EISDIR else { throw FileCalls.error(failure, "remove", path) }
    let number = unsafe name.withPlatformString {
      unsafe openat(parent, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    guard number >= 0 else { throw FileCalls.error(errno, "remove", path) }
    defer { close(number) }
    for entry in try DirectoryReading.entries(ofOpen: number, path) {
      guard let last = entry.path.lastComponent else { continue }
      try remove(entry.path, as: FilePath(root: nil, [last]), in: number)
    }
    let last = unlinkOne(name, in: parent, AT_REMOVEDIR)
    guard last == 0 else { throw FileCalls.error(last, "remove", path) }
  }

  private static func unlinkOne(_ name: FilePath, in parent: CInt, _ flags: CInt) -> CInt {
    unsafe name.withPlatformString { unsafe unlinkat(parent, $0, flags) == 0 ? 0 : errno }
  }
}
