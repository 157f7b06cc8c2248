import CAsyncIOZstd

/// The system's Zstandard.
@safe final class ZstdDecompressor: HTTPDecompressor {
  /// What a window may hold, as a power of two: 8 MiB, the most that `zstd` as a coding of HTTP needs (RFC 9659 §3).
  private static let windowLimit: CInt = 23

  // Owned, and freed at the end.
  private let stream: OpaquePointer

  init() throws(HTTPInflationError) {
    guard let stream = unsafe ZSTD_createDCtx() else { throw HTTPInflationError("Zstandard cannot be used") }
    unsafe self.stream = unsafe stream
    unsafe ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, Self.windowLimit)
  }

  deinit { unsafe ZSTD_freeDCtx(stream) }

  func restart() throws(HTTPInflationError) {
    unsafe ZSTD_DCtx_reset(stream, ZSTD_reset_session_only)
  }

  func step(
    _ input: inout HTTPInflaterInput, into buffer: inout [UInt8], atMost limit: Int
  ) throws(HTTPInflationError) -> (count: Int, isEnd: Bool) {
    var used = 0
    var made = 0
    let given = input.count
    // The pointers are valid for the call, and Zstandard stays within the counts beside them.
    let outcome = unsafe input.bytes.withUnsafeBufferPointer { source in
      unsafe buffer.withUnsafeMutableBufferPointer { target in
        var from = unsafe ZSTD_inBuffer(
          src: source.baseAddress.map { unsafe $0 + input.start }, size: given, pos: 0)
        var to = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: limit, pos: 0)
        defer { unsafe (used, made) = (from.pos, to.pos) }
        return unsafe ZSTD_decompressStream(stream, &to, &from)
      }
    }
    input.consume(used)
    guard ZSTD_isError(outcome) == 0 else {
      let reason = unsafe String(cString: ZSTD_getErrorName(outcome))
      throw HTTPInflationError("the data are damaged: \(reason)")
    }
    // Nothing is hinted at when a frame is read whole and put out.
    return (made, outcome == 0)
  }
}
