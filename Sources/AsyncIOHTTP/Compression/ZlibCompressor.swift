/// Makes `gzip`.
///
/// It belongs to who writes the body, one task at a time.
final class ZlibCompressor: Sendable {
  private let deflater: ZlibDeflater
  private static let bufferSize = 32 * 1024

  /// Makes a compressor.
  ///
  /// - Parameter level: From 1, the fastest, to 9.
  init(level: Int) {
    // 31: the largest window, and the frame of gzip. 8: as much memory as by default.
    guard let deflater = ZlibDeflater(level: level, windowBits: 31, memory: 8) else {
      preconditionFailure("zlib cannot be used for the level \(level).")
    }
    self.deflater = deflater
  }

  /// Compresses some more, and returns what is ready.
  func compress(_ bytes: [UInt8], _ flush: ZlibDeflater.Flush) -> [UInt8] {
    var output: [UInt8] = []
    deflater.compress(bytes[...], flush, by: Self.bufferSize, to: &output)
    return output
  }
}
