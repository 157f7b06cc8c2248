import CAsyncIOZlib

/// Decompresses the messages of one direction (RFC 7692 §7.2.2), by the system's zlib.
///
/// It belongs to the task that reads, and has no lock.
@safe final class WebSocketInflater: @unchecked Sendable {
  // Sendable: one task uses it, see WebSocketConnection.swift: the reader.

  // Allocated, as zlib keeps a pointer to it and refuses to work from another place; owned, and freed at the end.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let keepsContext: Bool

  private static let roomSize = 16 * 1024

  /// Makes a decompressor; nil if zlib cannot have it, for want of memory.
  init?(windowBits: Int, keepsContext: Bool) {
    self.keepsContext = keepsContext
    unsafe stream.initialize(to: z_stream())
    let size = unsafe CInt(MemoryLayout<z_stream>.size)
    guard unsafe inflateInit2_(stream, -CInt(windowBits), ZLIB_VERSION, size) == Z_OK else { return nil }
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Decompresses some of the input, until it is used up or there is enough output.
  ///
  /// - Parameters:
  ///   - bytes: the input.
  ///   - start: where it begins; grows by what was used.
  ///   - end: where it ends.
  ///   - output: to what the result is appended.
  ///   - limit: how large the output may become.
  /// - Returns: whether everything was put out.
  /// - Throws: `WebSocketViolation` for damaged data.
  func inflate(
    _ bytes: [UInt8], from start: inout Int, to end: Int, into output: inout [UInt8], upTo limit: Int
  ) throws(WebSocketViolation) -> Bool {
    while output.count < limit {
      let room = min(Self.roomSize, limit - output.count)
      let (outcome, used, count) = step(bytes, start..<end, &output, room)
      start += used
      switch outcome {
      case Z_STREAM_END:
        // A last block may stand anywhere (§7.2.3.5); what follows begins anew.
        unsafe inflateReset(stream)
        if start == end { return true }
      // The latter: nothing could be done without more input.
      case Z_OK, Z_BUF_ERROR: if count < room { return true }
      default: throw WebSocketViolation(.invalidPayload, "a compressed message is damaged")
      }
    }
    return false
  }

  private func step(
    _ bytes: [UInt8], _ range: Range<Int>, _ output: inout [UInt8], _ room: Int
  ) -> (outcome: CInt, used: Int, count: Int) {
    var (outcome, used, count) = (Z_OK, 0, 0)
    // The pointers are valid for the call, and zlib stays within the counts beside them; it does not write to its input.
    unsafe bytes.withUnsafeBufferPointer { source in
      output.append(addingCapacity: room) { span in
        unsafe span.withUnsafeMutableBufferPointer { target, initialized in
          unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: source.baseAddress.map { unsafe $0 + range.lowerBound })
          unsafe stream.pointee.avail_in = uInt(range.count)
          unsafe stream.pointee.next_out = target.baseAddress.map { unsafe $0 + initialized }
          unsafe stream.pointee.avail_out = uInt(room)
          outcome = unsafe CAsyncIOZlib.inflate(stream, Z_SYNC_FLUSH)
          used = unsafe range.count - Int(stream.pointee.avail_in)
          count = unsafe room - Int(stream.pointee.avail_out)
          initialized += count
        }
      }
    }
    return (outcome, used, count)
  }

  /// Forgets the message that has ended, unless the next one may refer to it.
  func endMessage() {
    if !keepsContext { unsafe inflateReset(stream) }
  }
}
