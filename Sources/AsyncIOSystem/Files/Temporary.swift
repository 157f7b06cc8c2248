// Temporary files and directories as scopes: removed when their scope ends, however it ends, also in a cancelled task.

import AsyncIOCoordination
import AsyncIORuntime
import Glibc

/// Makes an empty directory, runs `body`, and removes the directory with all that is in it (Python's `TemporaryDirectory`).
///
/// ```swift
/// try await withTemporaryDirectory { directory in
///   try await FileSystem.write("hello", to: directory.appending("greeting"))
/// }
/// ```
///
/// Only the user of this process may look into it.
///
/// - Parameters:
///   - parent: Where to make it; where `TMPDIR` says, or in `/tmp`, if nil.
///   - body: Gets its path; runs on the caller's actor.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws; `IOError` when the directory cannot be made, or removed after `body` has returned.
///
/// ## Cancellation
/// Before the directory is made, nothing is. Afterwards it is removed when the body has ended.
@discardableResult
public func withTemporaryDirectory<Result>(
  in parent: FilePath? = nil, _ body: (FilePath) async throws -> Result
) async throws -> Result {
  let path = try await withBlocking {
    try FileSystem.makeUnique(in: parent ?? Temporary.directory, prefix: "asyncio-") { path throws(IOError) in
      unsafe try FileCalls.call("make directory", path) { unsafe mkdir($0, 0o700) }
    }.1
  }
  let result: Result
  do {
    result = try await body(path)
  } catch {
    try? await withShield { try await FileSystem.removeTree(path) }
    throw error
  }
  try await withShield { try await FileSystem.removeTree(path) }
  return result
}

/// Makes an empty file, runs `body` with it open for reading and writing, and removes it (Python's `NamedTemporaryFile`).
///
/// - Parameters:
///   - parent: Where to make it; where `TMPDIR` says, or in `/tmp`, if nil.
///   - body: Gets the file, which has its `path`; runs on the caller's actor.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws; `IOError` when the file cannot be made.
///
/// ## Cancellation
/// Before the file is made, nothing is. Afterwards it is removed when the body has ended.
@discardableResult
public func withTemporaryFile<Result>(
  in parent: FilePath? = nil, _ body: (File) async throws -> Result
) async throws -> Result {
  let file = try await withBlocking {
    let (number, path) = try FileSystem.makeUnique(in: parent ?? Temporary.directory, prefix: "asyncio-") {
      path throws(IOError) in try FileCalls.open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
    }
    return File(OpenFile(number, path))
  }
  do {
    let result = try await body(file)
    await Temporary.remove(file)
    return result
  } catch {
    await Temporary.remove(file)
    throw error
  }
}

private enum Temporary {
  static var directory: FilePath {
    guard let named = unsafe getenv("TMPDIR") else { return "/tmp" }
    return unsafe FilePath(String(cString: named))
  }

  /// The body may have renamed or removed it: then there is nothing to remove.
  static func remove(_ file: File) async {
    _ = try? await withShield {
      try await withBlocking {
        file.file.close()
        FileSystem.removeNow(file.path)
      }
    }
  }
}
