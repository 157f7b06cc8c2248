import CAsyncIOZlib

/// The system's zlib, compressing.
///
/// It belongs to one task at a time: it has state in memory of C, and no lock.
@safe final class ZlibDeflater: @unchecked Sendable {
  // Sendable: whoever has it says who uses it.

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

  /// Makes a compressor; nil if zlib cannot have it, for want of memory as a rule.
  ///
  /// - Parameters:
  ///   - level: from 1, the fastest, to 9.
  ///   - windowBits: how far back repetitions are found, as zlib wants to be told: 2 to this power bytes, 16 more for the frame of
  ///     gzip, and negative for none.
  ///   - memory: for finding repetitions: 2 to the power of this + 9 bytes.
  init?(level: Int, windowBits: Int, memory: Int) {
    unsafe stream.initialize(to: z_stream())
    let size = unsafe CInt(MemoryLayout<z_stream>.size)
    let outcome = unsafe deflateInit2_(
      stream, CInt(level), Z_DEFLATED, CInt(windowBits), CInt(memory), Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    guard outcome == Z_OK else { return nil }
  }

  deinit {
    unsafe deflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Appends what some bytes become, as far as it is ready.
  ///
  /// - Parameters:
  ///   - bytes: what is compressed next.
  ///   - flush: what is to follow.
  ///   - size: how much is put out at a time, in bytes.
  ///   - output: to what it is appended.
  func compress(_ bytes: ArraySlice<UInt8>, _ flush: Flush, by size: Int, to output: inout [UInt8]) {
    var room = [UInt8](repeating: 0, count: size)
    // The pointers are valid for the calls within, zlib stays within the counts beside them and does not write to its input.
    unsafe bytes.withUnsafeBufferPointer { source in
      unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
      unsafe stream.pointee.avail_in = uInt(source.count)
      var isFull = true
      while isFull {
        let count = unsafe room.withUnsafeMutableBufferPointer { target in
          unsafe stream.pointee.next_out = target.baseAddress
          unsafe stream.pointee.avail_out = uInt(target.count)
          // It fails only where there is nothing to do, as for nothing after a flush.
          _ = unsafe deflate(stream, flush.rawValue)
          return unsafe target.count - Int(stream.pointee.avail_out)
        }
        output += room[..<count]
        isFull = count == room.count
      }
      unsafe stream.pointee.next_in = nil
    }
  }

  /// Forgets what was compressed.
  func restart() { unsafe deflateReset(stream) }
}
