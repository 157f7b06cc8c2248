// Files that appear whole: written beside their place under another name, brought to the disk, and renamed.
//
// A program or a machine that stops in between leaves the old file, and perhaps a new one under the other name, which
// nobody takes for it. The rename itself is brought to the disk by the directory.

import AsyncIOCoordination
import AsyncIORuntime
internal import CAsyncIO
import Glibc

extension FileSystem {
  /// Replaces the content of a file at once: whoever opens it sees the old content or the new, whatever happens.
  ///
  /// A file that exists keeps its permissions; one that does not is made. A symbolic link is replaced by the file.
  ///
  /// - Parameters:
  ///   - path: Where.
  ///   - bytes: All that is to be in it.
  ///   - permissions: Of a file that is made, less what the process's mask takes away.
  ///   - synchronizes: Whether to wait until it is on the disk; without, a crash of the machine may leave an empty file.
  /// - Throws: `IOError`, and then the old file is as it was; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the beginning, nothing is changed; afterwards it is done to the end.
  public static func replace(
    _ path: FilePath, with bytes: [UInt8], permissions: UInt32 = 0o666, synchronizes: Bool = true
  ) async throws {
    try await withBlocking {
      try replaceFile(path, permissions: permissions, synchronizes, replacesExisting: true) {
        number throws(IOError) in
        try FileCalls.write(number, bytes[...], path)
      }
    }
  }

  /// Copies a file with its permissions; the copy appears when it is complete.
  ///
  /// Where the file system can, the copy shares its blocks with the original and takes no time.
  ///
  /// - Parameters:
  ///   - source: A file.
  ///   - target: Where the copy is to be, not the directory for it.
  ///   - replaces: Whether a file that is there is replaced; otherwise it is an error.
  /// - Throws: `IOError`, with `EEXIST` if `target` exists, with `EISDIR` if `source` is a directory; `CancellationError`.
  ///
  /// ## Cancellation
  /// Is found after each 64 MiB; then there is no copy.
  public static func copy(_ source: FilePath, to target: FilePath, replacing replaces: Bool = false)
    async throws
  {
    let isCancelled = Flag()
    try await withTaskCancellationHandler {
      try await withBlocking {
        try FileCalls.withOpen(source, O_RDONLY) { from throws(IOError) in
          let status = try FileCalls.status(from, source)
          guard status.st_mode & S_IFMT != S_IFDIR else { throw FileCalls.error(EISDIR, "copy", source) }
          let permissions = status.st_mode & 0o777
          try replaceFile(target, permissions: permissions, false, replacesExisting: replaces) {
            to throws(IOError) in
            fchmod(to, permissions)
            if casyncio_clone(from, to) == 0 { return }
            while try copyPart(from, to, source, target) > 0 {
              if isCancelled.isSet {
                throw IOError(.system, errno: ECANCELED, operation: "copy", detail: source.string)
              }
            }
          }
        }
      }
    } onCancel: {
      isCancelled.set()
    }
    try Task.checkCancellation()
  }

  private static func copyPart(
    _ from: CInt, _ to: CInt, _ source: FilePath, _ target: FilePath
  ) throws(IOError) -> Int {
    let count = casyncio_copy_range(from, to, 64 << 20)
    if count > 0 { return count }
    switch CInt(-count) {
    // Files of the kernel's have no range to copy, and say that nothing is left.
    case 0, EXDEV, EINVAL, EOPNOTSUPP, ENOSYS, EBADF, ETXTBSY, EPERM:
      var bytes: [UInt8] = []
      _ = try FileCalls.read(from, appendingTo: &bytes, atMost: 1 << 20, source)
      try FileCalls.write(to, bytes[...], target)
      return bytes.count
    case let failure: throw FileCalls.error(failure, "copy", source)
    }
  }

  /// Makes a file beside `path`, lets `fill` write it, and gives it that name.
  private static func replaceFile(
    _ path: FilePath, permissions: UInt32, _ synchronizes: Bool, replacesExisting: Bool,
    _ fill: (CInt) throws(IOError) -> Void
  ) throws(IOError) {
    guard let name = path.lastComponent, name.kind == .regular else {
      throw FileCalls.error(EISDIR, "replace", path)
    }
    let directory = path.removingLastComponent()
    let (number, temporary) = try makeUnique(in: directory, prefix: ".\(name).") { path throws(IOError) in
      try FileCalls.open(path, O_RDWR | O_CREAT | O_EXCL, permissions)
    }
    do throws(IOError) {
      defer { close(number) }
      if replacesExisting, let old = try? FileSystem.status(path, true) {
        fchmod(number, old.st_mode & 0o7777)
      }
      try fill(number)
      if synchronizes { try FileCalls.check(fsync(number), "fsync", path) }
    } catch {
      removeNow(temporary)
      throw error
    }
    let failure = renameNow(temporary, path, replacesExisting)
    guard failure == 0 else {
      removeNow(temporary)
      throw FileCalls.error(failure, "replace", path)
    }
    if synchronizes { try synchronize(directory: directory) }
  }

  static func removeNow(_ path: FilePath) { _ = unsafe path.withPlatformString { unsafe unlink($0) } }

  private static func synchronize(directory: FilePath) throws(IOError) {
    let directory = directory.isEmpty ? FilePath(".") : directory
    try FileCalls.withOpen(directory, O_RDONLY | O_DIRECTORY) { number throws(IOError) in
      // Some file systems have nothing to do for a directory, and say EINVAL.
      guard fsync(number) == 0 || errno == EINVAL else { throw FileCalls.error(errno, "fsync", directory) }
    }
  }

  /// Makes something under a name that nobody has.
  static func makeUnique<Result>(
    in directory: FilePath, prefix: String, _ make: (FilePath) throws(IOError) -> Result
  ) throws(IOError) -> (Result, FilePath) {
    var attempts = 0
    while true {
      let digits = String(UInt64.random(in: 0...(.max)), radix: 36)
      let path = directory.appending(prefix + digits)
      do throws(IOError) {
        return (try make(path), path)
      } catch  where error.errno == EEXIST && attempts < 100 {
        attempts += 1
      }
    }
  }
}
