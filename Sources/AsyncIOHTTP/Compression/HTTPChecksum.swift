/// What the frames of gzip and zlib have to tell whether the data are whole.
enum HTTPChecksum: Sendable {
  case crc32(CRC32)
  case adler32(Adler32)

  mutating func add(_ bytes: ArraySlice<UInt8>) {
    switch self {
    case .crc32(var crc):
      crc.add(bytes)
      self = .crc32(crc)
    case .adler32(var adler):
      adler.add(bytes)
      self = .adler32(adler)
    }
  }

  /// RFC 1952 §8.
  struct CRC32: Sendable {
    private var register: UInt32 = 0xFFFF_FFFF
    /// How many bytes there were, in 32 bits.
    private(set) var count: UInt32 = 0

    var value: UInt32 { ~register }

    mutating func add(_ bytes: ArraySlice<UInt8>) {
      var register = register
      let table = Self.table
      for byte in bytes { register = table[Int(UInt8(truncatingIfNeeded: register) ^ byte)] ^ register >> 8 }
      self.register = register
      count &+= UInt32(truncatingIfNeeded: bytes.count)
    }

    private static let table: [UInt32] = (0..<256).map { index in
      (0..<8).reduce(UInt32(index)) { value, _ in value & 1 != 0 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    }
  }

  /// RFC 1950 §9.
  struct Adler32: Sendable {
    private var first: UInt32 = 1
    private var second: UInt32 = 0

    var value: UInt32 { second << 16 | first }

    mutating func add(_ bytes: ArraySlice<UInt8>) {
      var rest = bytes
      while !rest.isEmpty {
        // As many as fit before 32 bits run over.
        for byte in rest.prefix(5552) {
          first &+= UInt32(byte)
          second &+= first
        }
        first %= 65_521
        second %= 65_521
        rest = rest.dropFirst(5552)
      }
    }
  }
}
