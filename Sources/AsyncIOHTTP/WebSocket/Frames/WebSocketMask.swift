// Masking (RFC 6455 §5.3): 32 bytes at a time, as the vectors of today's processors have it.

extension [UInt8] {
  /// Masks or unmasks some of the bytes: the same for both.
  ///
  /// - Parameters:
  ///   - range: which ones.
  ///   - key: the key, whose lowest byte is for the first one.
  /// - Complexity: O(*n*), 32 bytes at a time.
  mutating func mask(_ range: Range<Int>, with key: UInt32) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "The range \(range) is not within.")
    let word = UInt64(key) << 32 | UInt64(key)
    let vector = SIMD4<UInt64>(repeating: word)
    // Sound: the memory is the array's own, and every access lies within the range that was checked above.
    unsafe withUnsafeMutableBytes { bytes in
      var index = range.lowerBound
      let end = range.upperBound
      while index &+ 32 <= end {
        let masked = unsafe bytes.loadUnaligned(fromByteOffset: index, as: SIMD4<UInt64>.self) ^ vector
        unsafe bytes.storeBytes(of: masked, toByteOffset: index, as: SIMD4<UInt64>.self)
        index &+= 32
      }
      while index &+ 8 <= end {
        let masked = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ word
        unsafe bytes.storeBytes(of: masked, toByteOffset: index, as: UInt64.self)
        index &+= 8
      }
      var rest = word
      while index < end {
        unsafe bytes[index] ^= UInt8(truncatingIfNeeded: rest)
        rest >>= 8
        index &+= 1
      }
    }
  }
}

extension UInt32 {
  /// The key for what follows `count` bytes that this one was for.
  func maskAdvanced(by count: Int) -> UInt32 {
    let shift = UInt32(truncatingIfNeeded: count & 3) * 8
    return shift == 0 ? self : self >> shift | self << (32 - shift)
  }
}

/// Keys that nobody can foresee (RFC 6455 §10.3), two from each call of the system.
struct WebSocketMaskKeys: Sendable {
  private var spare: UInt32?

  /// The next key.
  mutating func next() -> UInt32 {
    if let key = spare.take() { return key }
    var generator = SystemRandomNumberGenerator()
    let both = generator.next()
    spare = UInt32(truncatingIfNeeded: both >> 32)
    return UInt32(truncatingIfNeeded: both)
  }
}
