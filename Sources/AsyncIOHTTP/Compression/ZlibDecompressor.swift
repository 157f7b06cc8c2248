import CAsyncIOZlib

/// The system's zlib.
@safe final class ZlibDecompressor: HTTPDecompressor {
  /// What stands around the data; the number is how zlib wants to be told.
  enum Frame: CInt {
    case gzip = 31
    case zlib = 15
    case raw = -15
  }

  // Allocated, as zlib keeps a pointer to it and refuses to work from another place; owned, and freed at the end.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

  init(_ frame: Frame) throws(HTTPInflationError) {
    unsafe stream.initialize(to: z_stream())
    let size = unsafe CInt(MemoryLayout<z_stream>.size)
    guard unsafe inflateInit2_(stream, frame.rawValue, ZLIB_VERSION, size) == Z_OK else {
      throw HTTPInflationError("zlib cannot be used")
    }
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  func restart() throws(HTTPInflationError) {
    guard unsafe inflateReset(stream) == Z_OK else { throw HTTPInflationError("zlib cannot begin anew") }
  }

  func step(
    _ input: inout HTTPInflaterInput, into buffer: inout [UInt8], atMost limit: Int
  ) throws(HTTPInflationError) -> (count: Int, isEnd: Bool) {
    let given = input.count
    // The pointers are valid for the call, and zlib stays within the counts beside them; it does not write to its input.
    let outcome = unsafe input.bytes.withUnsafeBufferPointer { source in
      unsafe buffer.withUnsafeMutableBufferPointer { target in
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
          mutating: source.baseAddress.map { unsafe $0 + input.start })
        unsafe stream.pointee.avail_in = uInt(given)
        unsafe stream.pointee.next_out = target.baseAddress
        unsafe stream.pointee.avail_out = uInt(limit)
        return unsafe inflate(stream, Z_NO_FLUSH)
      }
    }
    input.consume(given - Int(unsafe stream.pointee.avail_in))
    let count = limit - Int(unsafe stream.pointee.avail_out)
    switch outcome {
    case Z_STREAM_END: return (count, true)
    // The latter: nothing could be done without more input.
    case Z_OK, Z_BUF_ERROR: return (count, false)
    case Z_NEED_DICT: throw HTTPInflationError("it needs a dictionary that nobody has")
    default:
      let reason = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
      throw HTTPInflationError("the data are damaged: \(reason ?? "zlib answers \(outcome)")")
    }
  }
}
