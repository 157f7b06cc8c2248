/// Compresses the messages of one direction (RFC 7692 §7.2.1).
///
/// It belongs to whoever sends a message, see WebSocketOutput.swift, and has no lock.
final class WebSocketDeflater: Sendable {
  private let deflater: ZlibDeflater
  private let keepsContext: Bool

  /// What ends a flush, and is not sent at the end of a message.
  static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]
  private static let roomSize = 16 * 1024

  /// Makes a compressor; nil if zlib cannot have it, for want of memory or for a window of 256 bytes.
  init?(level: Int, windowBits: Int, keepsContext: Bool) {
    // Raw: without a frame. The memory in proportion to the window.
    guard windowBits > 8,
      let deflater = ZlibDeflater(level: level, windowBits: -windowBits, memory: windowBits - 7)
    else { return nil }
    self.deflater = deflater
    self.keepsContext = keepsContext
  }

  /// Appends what some bytes of a message become.
  ///
  /// - Parameters:
  ///   - bytes: the next part of the message.
  ///   - isLast: whether the message ends with them.
  ///   - output: to what it is appended.
  func compress(_ bytes: ArraySlice<UInt8>, isLast: Bool, to output: inout [UInt8]) {
    let start = output.count
    deflater.compress(bytes, .sync, by: min(Self.roomSize, bytes.count + 64), to: &output)
    guard isLast else { return }
    if output.count - start >= Self.tail.count, output.suffix(Self.tail.count).elementsEqual(Self.tail) {
      output.removeLast(Self.tail.count)
    } else {
      // Nothing since the last flush: an empty block, without its tail (§7.2.3.6).
      output.append(0)
    }
    if !keepsContext { deflater.restart() }
  }
}
