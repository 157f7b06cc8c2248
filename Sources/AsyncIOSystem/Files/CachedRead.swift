// Reading what is in memory already, without a thread.
//
// Files cannot be polled, so that every call on one may wait for a device, and goes to a thread: there and back costs more than
// most reads. But Linux can be asked to fail rather than to wait: `openat2` with RESOLVE_CACHED looks a path up only
// in memory, `preadv2` with RWF_NOWAIT reads only what is in memory. What was written or read lately is there; then a file
// is read on the loop's own thread as fast as by blocking code. Whatever is unusual (not in memory, no regular file, large, a
// file system that does not know this, an error) goes the long way, which then has the last word.
//
// A file system in memory (tmpfs) does not know RWF_NOWAIT, and does not need it.

import AsyncIORuntime
internal import CAsyncIO
import Glibc

enum CachedRead {
  /// How much is copied at once on the loop's thread, in bytes: some tens of microseconds.
  static let limit = 256 << 10

  /// What has become of an attempt.
  enum Outcome {
    /// All of it.
    case read([UInt8])
    /// To be read in another way. If the number is not -1, it is of the same file, and to be closed afterwards: to close it
    /// before would look to the other end of a FIFO as if its reader had gone.
    case unknown(CInt)
  }

  /// The whole of a file, if that is in memory.
  static func whole(_ path: FilePath, limit: Int) -> Outcome {
    let number = unsafe path.withPlatformString { unsafe casyncio_open_cached($0) }
    guard number >= 0 else { return .unknown(-1) }
    var status = stat()
    guard unsafe fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return .unknown(number)
    }
    let size = Int(status.st_size)
    // Files of the kernel's say that they are empty.
    guard size > 0, size <= min(limit, Self.limit) else { return .unknown(number) }
    var isWhole = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = unsafe max(0, read(number, UnsafeMutableRawBufferPointer(buffer), at: 0))
      isWhole = count == size
    }
    guard isWhole else { return .unknown(number) }
    close(number)
    return .read(bytes)
  }

  /// Reads what is in memory, at `offset` or where the file is if that is -1; nil if that must go to a thread.
  static func some(_ number: CInt, into buffer: UnsafeMutableRawBufferPointer, at offset: Int = -1) -> Int? {
    let count = unsafe read(number, UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(limit)), at: offset)
    return count >= 0 ? count : nil
  }

  private static func read(_ number: CInt, _ buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
    let count = unsafe casyncio_read_cached(number, buffer.baseAddress, buffer.count, Int64(offset))
    guard count == -Int(EOPNOTSUPP), casyncio_is_in_memory(number) else { return count }
    return unsafe offset < 0
      ? Glibc.read(number, buffer.baseAddress, buffer.count)
      : pread(number, buffer.baseAddress, buffer.count, offset)
  }

}
