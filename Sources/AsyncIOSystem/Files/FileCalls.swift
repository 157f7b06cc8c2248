// Blocking calls on files, in the way in which the rest of this folder makes them: with the path in the error, again after a
// signal, to the last byte. They are called on threads of the blocking pool.

import AsyncIORuntime
internal import CAsyncIO
import Glibc

enum FileCalls {
  /// The failure of a call on `path`.
  static func error(_ failure: CInt, _ operation: String, _ path: FilePath) -> IOError {
    IOError(.system, errno: failure, operation: operation, detail: path.string)
  }

  static func open(_ path: FilePath, _ flags: CInt, _ permissions: UInt32 = 0o666) throws(IOError) -> CInt {
    let number = unsafe path.withPlatformString { unsafe casyncio_open($0, flags, permissions) }
    guard number >= 0 else { throw error(-number, "open", path) }
    return number
  }

  /// Opens, calls `body`, closes.
  static func withOpen<Result>(
    _ path: FilePath, _ flags: CInt, _ permissions: UInt32 = 0o666, _ body: (CInt) throws(IOError) -> Result
  ) throws(IOError) -> Result {
    let number = try open(path, flags, permissions)
    defer { close(number) }
    return try body(number)
  }

  static func status(_ number: CInt, _ path: FilePath) throws(IOError) -> stat {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else { throw error(errno, "stat", path) }
    return status
  }

  /// Makes a call again as long as signals interrupt it.
  static func retrying(_ operation: String, _ path: FilePath, _ call: () -> Int) throws(IOError) -> Int {
    while true {
      let result = call()
      if result >= 0 { return result }
      guard errno == EINTR else { throw error(errno, operation, path) }
    }
  }

  /// Appends to `bytes` what one read gives, at `offset` or where the file is.
  static func read(
    _ number: CInt, appendingTo bytes: inout [UInt8], atMost limit: Int, at offset: Int? = nil,
    _ path: FilePath
  ) throws(IOError) -> Int {
    do {
      return unsafe try bytes.append(atMost: limit) { room in
        try retrying("read", path) {
          if let offset { return unsafe pread(number, room.baseAddress, room.count, offset) }
          return unsafe Glibc.read(number, room.baseAddress, room.count)
        }
      } ?? 0
    } catch let error as IOError {
      throw error
    } catch {
      preconditionFailure("reading a file threw \(error), which is no IOError")
    }
  }

  /// Appends all that is left of a file.
  static func readAll(
    _ number: CInt, appendingTo bytes: inout [UInt8], limit: Int, _ path: FilePath
  ) throws(IOError) {
    let expected = max(0, Int(try status(number, path).st_size))
    // One more than is expected: when that stays free the end is known.
    var step = min(expected, limit, 1 << 30) + 1
    while try read(number, appendingTo: &bytes, atMost: step, path) > 0 {
      guard bytes.count <= limit else {
        throw IOError(.overLimit, operation: "read", detail: "\(path): more than \(limit) bytes")
      }
      step = max(65_536, expected + 1 - bytes.count)
    }
  }

  /// Writes all of `bytes`, at `offset` or where the file is.
  static func write(_ number: CInt, _ bytes: ArraySlice<UInt8>, at offset: Int? = nil, _ path: FilePath)
    throws(IOError)
  {
    var rest = bytes
    var offset = offset
    while !rest.isEmpty {
      let count = try retrying("write", path) {
        unsafe rest.withUnsafeBytes { rest in
          if let offset { return unsafe pwrite(number, rest.baseAddress, rest.count, offset) }
          return unsafe Glibc.write(number, rest.baseAddress, rest.count)
        }
      }
      rest = rest.dropFirst(count)
      offset = offset.map { $0 + count }
    }
  }

  /// Makes a call that returns 0 or fails.
  static func call(
    _ operation: String, _ path: FilePath, _ call: (UnsafePointer<CChar>) -> CInt
  ) throws(IOError) {
    let failure = unsafe path.withPlatformString { unsafe call($0) == 0 ? 0 : errno }
    guard failure == 0 else { throw error(failure, operation, path) }
  }

  static func check(_ result: CInt, _ operation: String, _ path: FilePath) throws(IOError) {
    guard result == 0 else { throw error(errno, operation, path) }
  }
}
