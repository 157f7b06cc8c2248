import CAsyncIOBrotli

/// The system's Brotli.
@safe final class BrotliDecompressor: HTTPDecompressor {
  // Owned, and freed at the end.
  private var decoder: OpaquePointer

  init() throws(HTTPInflationError) { unsafe decoder = try Self.makeDecoder() }

  deinit { unsafe BrotliDecoderDestroyInstance(decoder) }

  private static func makeDecoder() throws(HTTPInflationError) -> OpaquePointer {
    guard let decoder = unsafe BrotliDecoderCreateInstance(nil, nil, nil) else {
      throw HTTPInflationError("Brotli cannot be used")
    }
    return unsafe decoder
  }

  func restart() throws(HTTPInflationError) {
    let fresh = unsafe try Self.makeDecoder()
    unsafe BrotliDecoderDestroyInstance(decoder)
    unsafe decoder = fresh
  }

  func step(
    _ input: inout HTTPInflaterInput, into buffer: inout [UInt8], atMost limit: Int
  ) throws(HTTPInflationError) -> (count: Int, isEnd: Bool) {
    let given = input.count
    var left = given
    var room = limit
    // The pointers are valid for the call, and Brotli stays within the counts beside them.
    let outcome = unsafe input.bytes.withUnsafeBufferPointer { source in
      unsafe buffer.withUnsafeMutableBufferPointer { target in
        var next = unsafe source.baseAddress.map { unsafe $0 + input.start }
        var end = target.baseAddress
        return unsafe BrotliDecoderDecompressStream(decoder, &left, &next, &room, &end, nil)
      }
    }
    input.consume(given - left)
    switch outcome {
    case BROTLI_DECODER_RESULT_SUCCESS: return (limit - room, true)
    case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT, BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
      return (limit - room, false)
    default:
      let reason = unsafe String(cString: BrotliDecoderErrorString(BrotliDecoderGetErrorCode(decoder)))
      throw HTTPInflationError("the data are damaged: \(reason)")
    }
  }
}
