// Operations on paths. What is one operation to the caller is one trip to a thread, however many system calls it takes; a
// read of a file that is in memory is none (CachedRead.swift).
//
// `FilePath` is swift-system's, which is small, depends on nothing and is what other packages take; its lexical operations are
// not worth to be written again.

import AsyncIOCoordination
import AsyncIORuntime
internal import CAsyncIO
import Glibc
@_exported public import SystemPackage

/// Files and directories by path (anyio's `Path`, aiofiles' `os`).
///
/// ```swift
/// let text = try await FileSystem.readText("/etc/hosts")
/// try await FileSystem.replace("settings.json", with: Array(json.utf8))
/// for try await entry in FileSystem.walk("Sources") where entry.kind == .file { print(entry.path) }
/// ```
///
/// Errors are `IOError` with the system's number and the path. An operation that has begun is awaited when its caller is
/// cancelled, as the system cannot be interrupted in it.
public enum FileSystem {
  // MARK: Whole files

  /// Reads a whole file (anyio's `Path.read_bytes`).
  ///
  /// A small file that the system has in memory is read without leaving the loop's thread.
  ///
  /// - Parameters:
  ///   - path: Of a file.
  ///   - limit: How many bytes there may be; more throw `IOError` with the code `overLimit`.
  /// - Returns: Its bytes.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been changed when it throws.
  public static func read(_ path: FilePath, limit: Int = .max) async throws -> [UInt8] {
    // Others have their turn, as what follows may not suspend.
    try await checkpoint()
    switch CachedRead.whole(path, limit: limit) {
    case .read(let bytes): return bytes
    case .unknown(let number):
      return try await withBlocking {
        defer { if number >= 0 { close(number) } }
        var bytes: [UInt8] = []
        try FileCalls.withOpen(path, O_RDONLY) { number throws(IOError) in
          try FileCalls.readAll(number, appendingTo: &bytes, limit: limit, path)
        }
        return bytes
      }
    }
  }

  /// Reads a whole file as text (anyio's `Path.read_text`).
  ///
  /// - Parameter path: Of a file.
  /// - Returns: Its text; bytes that are not UTF-8 are replaced.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been changed when it throws.
  public static func readText(_ path: FilePath) async throws -> String {
    String(decoding: try await read(path), as: UTF8.self)
  }

  /// Writes a whole file: makes it, or empties it first.
  ///
  /// Who reads it meanwhile may see a part; `replace` shows the old or the new content and nothing between.
  ///
  /// - Parameters:
  ///   - bytes: All that is to be in it.
  ///   - path: Where.
  ///   - permissions: Of a file that is made, less what the process's mask takes away.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the file is opened, nothing is changed; afterwards it is written to the end.
  public static func write(_ bytes: [UInt8], to path: FilePath, permissions: UInt32 = 0o666) async throws {
    try await write(bytes, to: path, O_TRUNC, permissions)
  }

  /// Writes a text as a whole file: makes it, or empties it first.
  ///
  /// - Parameters:
  ///   - text: Is written as UTF-8.
  ///   - path: Where.
  ///   - permissions: Of a file that is made, less what the process's mask takes away.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `write` of bytes.
  public static func write(_ text: String, to path: FilePath, permissions: UInt32 = 0o666) async throws {
    try await write(Array(text.utf8), to: path, permissions: permissions)
  }

  /// Appends to a file, which is made if it does not exist.
  ///
  /// Several processes may append to one file: each call's bytes stay together if the system takes them at once, as it does with
  /// files on disks.
  ///
  /// - Parameters:
  ///   - bytes: What to append.
  ///   - path: Where.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Before the file is opened, nothing is changed; afterwards it is written to the end.
  public static func append(_ bytes: [UInt8], to path: FilePath) async throws {
    try await write(bytes, to: path, O_APPEND, 0o666)
  }

  /// Appends a text as UTF-8 to a file, which is made if it does not exist.
  ///
  /// - Parameters:
  ///   - text: What to append.
  ///   - path: Where.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `append` of bytes.
  public static func append(_ text: String, to path: FilePath) async throws {
    try await append(Array(text.utf8), to: path)
  }

  private static func write(_ bytes: [UInt8], to path: FilePath, _ how: CInt, _ permissions: UInt32)
    async throws
  {
    try await withBlocking {
      try FileCalls.withOpen(path, O_WRONLY | O_CREAT | how, permissions) { number throws(IOError) in
        try FileCalls.write(number, bytes[...], path)
      }
    }
  }
}
