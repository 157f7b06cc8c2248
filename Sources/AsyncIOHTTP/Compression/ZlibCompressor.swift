import CAsyncIOZlib

/// The system's zlib, making `gzip`.
///
/// It belongs to who writes the body, one task at a time: it has state in memory of C, and no lock.
@safe final class ZlibCompressor: @unchecked Sendable {
  // Sendable: see above.

  /// What is to follow what was given.
  enum Flush: CInt {
    /// More; zlib may keep some back.
    case none = 0
    /// Perhaps nothing for a while: all that was given is put out.
    case sync = 2
    /// Nothing.
    case finish = 4
  }

  // Allocated, as zlib keeps a pointer to it and refuses to work from another place; owned, and freed at the end.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private static let bufferSize = 32 * 1024

  /// Makes a compressor.
  ///
  /// - Parameter level: From 1, the fastest, to 9.
  init(level: Int) {
    unsafe stream.initialize(to: z_stream())
    let size = unsafe CInt(MemoryLayout<z_stream>.size)
    // 31: the largest window, and the frame of gzip. 8: as much memory as by default.
    let result = unsafe deflateInit2_(
      stream, CInt(level), Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    precondition(result == Z_OK, "zlib cannot be used for the level \(level): it answers \(result).")
  }

  deinit {
    unsafe deflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Compresses some more, and returns what is ready.
  func compress(_ bytes: [UInt8], _ flush: Flush) -> [UInt8] {
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: Self.bufferSize)
    // The pointers are valid for the call, and zlib stays within the counts beside them; it does not write to its input.
    unsafe bytes.withUnsafeBufferPointer { source in
      unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
      unsafe stream.pointee.avail_in = uInt(bytes.count)
      var isFull = true
      while isFull {
        let count = unsafe buffer.withUnsafeMutableBufferPointer { target in
          unsafe stream.pointee.next_out = target.baseAddress
          unsafe stream.pointee.avail_out = uInt(Self.bufferSize)
          // It cannot fail: the state is in order, and there is room.
          _ = unsafe deflate(stream, flush.rawValue)
          return Self.bufferSize - Int(unsafe stream.pointee.avail_out)
        }
        output += buffer[..<count]
        isFull = count == buffer.count
      }
    }
    return output
  }
}
