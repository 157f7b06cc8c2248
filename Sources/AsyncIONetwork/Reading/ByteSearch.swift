// Searching for separators with the system's functions, which look at many bytes at a time.

internal import CAsyncIO
import Glibc

/// Looks for a few bytes in many.
@usableFromInline
enum ByteSearch {
  @usableFromInline static let lineFeed = [UInt8(ascii: "\n")]

  /// Where the first occurrence of `separator` at or after `start` ends.
  @usableFromInline
  static func end(of separator: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    guard start < bytes.count else { return nil }
    return unsafe bytes.withUnsafeBytes { bytes in
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[start...])
      // Neither is empty, so both have an address.
      let base = unsafe rest.baseAddress.unsafelyUnwrapped
      let found =
        if separator.count == 1 {
          unsafe UnsafeRawPointer(memchr(base, CInt(separator[0]), rest.count))
        } else {
          unsafe casyncio_find(base, UInt(rest.count), separator, UInt(separator.count))
        }
      return unsafe found.map { unsafe start + ($0 - base) + separator.count }
    }
  }
}
