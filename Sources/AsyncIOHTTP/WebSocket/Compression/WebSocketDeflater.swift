import CAsyncIOZlib

/// Compresses the messages of one direction (RFC 7692 §7.2.1), by the system's zlib.
///
/// It belongs to whoever sends a message, and has no lock.
@safe final class WebSocketDeflater: @unchecked Sendable {
  // Sendable: one task uses it at a time, see WebSocketOutput.swift.

  // Allocated, as zlib keeps a pointer to it and refuses to work from another place; owned, and freed at the end.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let keepsContext: Bool

  /// What ends a flush, and is not sent at the end of a message.
  static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]
  private static let roomSize = 16 * 1024

  /// Makes a compressor; nil if zlib cannot have it, for want of memory or for a window of 256 bytes.
  init?(level: Int, windowBits: Int, keepsContext: Bool) {
    self.keepsContext = keepsContext
    unsafe stream.initialize(to: z_stream())
    let size = unsafe CInt(MemoryLayout<z_stream>.size)
    // Raw: without a frame. The memory for finding repetitions in proportion to the window: 2 to the power of memory + 9 bytes.
    let memory = CInt(max(1, windowBits - 7))
    let outcome =
      unsafe windowBits > 8
      ? deflateInit2_(
        stream, CInt(level), Z_DEFLATED, -CInt(windowBits), memory, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
      : Z_STREAM_ERROR
    guard outcome == Z_OK else { return nil }
  }

  deinit {
    unsafe deflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Appends what some bytes of a message become.
  ///
  /// - Parameters:
  ///   - bytes: the next part of the message.
  ///   - isLast: whether the message ends with them.
  ///   - output: to what it is appended.
  func compress(_ bytes: ArraySlice<UInt8>, isLast: Bool, to output: inout [UInt8]) {
    let start = output.count
    var room = [UInt8](repeating: 0, count: min(Self.roomSize, bytes.count + 64))
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
          _ = unsafe deflate(stream, Z_SYNC_FLUSH)
          return unsafe target.count - Int(stream.pointee.avail_out)
        }
        output += room[..<count]
        isFull = count == room.count
      }
      unsafe stream.pointee.next_in = nil
    }
    guard isLast else { return }
    if output.count - start >= Self.tail.count, output.suffix(Self.tail.count).elementsEqual(Self.tail) {
      output.removeLast(Self.tail.count)
    } else {
      // Nothing since the last flush: an empty block, without its tail (§7.2.3.6).
      output.append(0)
    }
    if !keepsContext { unsafe deflateReset(stream) }
  }
}
