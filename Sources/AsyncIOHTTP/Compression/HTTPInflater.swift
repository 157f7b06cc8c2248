// Takes `Content-Encoding: gzip` and `deflate` off a body (RFC 1950, 1951, 1952).
//
// It is written here and in safe Swift, rather than taken from zlib: it needs no library and no headers at the user's, and what
// strangers send never meets unchecked pointers. Only reading is needed of a client, which is the small half.
//
// Memory is bounded: what was given and not yet read, 32 KiB of history, and what one call may put out.

/// A compressed body that is damaged.
struct HTTPInflationError: Error, Hashable, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Decompresses a body wherever its bytes are cut.
struct HTTPInflater: Sendable {
  enum Format: Sendable {
    case gzip
    /// With the frame of zlib, as the RFC says, or without, as some servers do.
    case deflate
  }

  private enum State: Sendable {
    /// Before a member. Goes to `blocks`.
    case header
    /// In the data. Goes to `trailer`.
    case blocks
    /// Before the checksum. Goes to `header` if more follows, or `done`.
    case trailer
    case done
  }

  private let format: Format
  private var state = State.header
  private var deflate = DeflateDecoder()
  private var isFramed = true
  private var checksum = HTTPChecksum.crc32(HTTPChecksum.CRC32())
  /// Whether at least one member was read to its end: padding behind it is ignored, as others do.
  private var hasMember = false

  /// How much one piece of a stream may put out.
  static let pieceLimit = 256 * 1024

  /// Makes an inflater for what `Content-Encoding` says; nil if that is nothing, or nothing known.
  init?(_ values: [String]) throws(HTTPInflationError) {
    let codings = values.flatMap { $0.split(separator: ",") }.map { $0.trimmed.lowercased() }
      .filter { $0 != "identity" && !$0.isEmpty }
    guard codings.count == 1 else { return nil }
    switch codings[0] {
    case "gzip", "x-gzip": self.init(.gzip)
    case "deflate": self.init(.deflate)
    default: return nil
    }
  }

  init(_ format: Format) { self.format = format }

  /// Whether there is more to put out without anything more being given.
  private(set) var hasMore = false

  /// Decompresses some more, up to about `pieceLimit`; if `hasMore` then, call it again with nothing.
  ///
  /// - Throws: `HTTPInflationError` for what is damaged, or ends early.
  mutating func inflate(_ bytes: [UInt8], isLast: Bool) throws(HTTPInflationError) -> [UInt8] {
    deflate.input.append(bytes)
    var output: [UInt8] = []
    hasMore = false
    while output.count < Self.pieceLimit {
      switch state {
      case .header:
        guard try readHeader(isLast: isLast) else { return output }
      case .blocks:
        let isEnd = try deflate.decode(upTo: Self.pieceLimit, to: &output)
        checksum.add(output[deflate.newOutput...])
        guard isEnd else {
          if output.count >= Self.pieceLimit { hasMore = true } else if isLast { throw Self.truncated() }
          return output
        }
        state = .trailer
      case .trailer:
        guard try readTrailer() else {
          if isLast { throw Self.truncated() }
          return output
        }
      case .done:
        deflate.input.clear()
        return output
      }
    }
    hasMore = true
    return output
  }

  /// Decompresses a whole body.
  ///
  /// - Throws: `HTTPBodyTooLarge` as soon as there is more than `limit`; `HTTPInflationError`.
  mutating func inflate(_ bytes: [UInt8], isLast: Bool, limit: Int) throws -> [UInt8] {
    var output = try inflate(bytes, isLast: isLast)
    while hasMore, output.count <= limit { output += try inflate([], isLast: isLast) }
    guard output.count <= limit else { throw HTTPBodyTooLarge(limit: limit, announced: nil) }
    return output
  }

  private static func truncated() -> HTTPInflationError {
    HTTPInflationError("the data end too early; do not use the part as if it were the whole")
  }

  // MARK: Frames

  /// Reads what stands before the data; false if that, or anything, is still to come.
  private mutating func readHeader(isLast: Bool) throws(HTTPInflationError) -> Bool {
    let bytes = deflate.input.unread
    if bytes.isEmpty { return false }
    switch format {
    case .deflate:
      guard bytes.count >= 2 || isLast else { return false }
      let first = bytes[bytes.startIndex]
      let second = bytes.count > 1 ? bytes[bytes.startIndex + 1] : 0
      isFramed = bytes.count > 1 && first & 0xF == 8 && (Int(first) << 8 | Int(second)) % 31 == 0
      if isFramed {
        guard second & 0x20 == 0 else { throw HTTPInflationError("it needs a dictionary that nobody has") }
        deflate.input.skip(2)
      }
      checksum = .adler32(HTTPChecksum.Adler32())
    case .gzip:
      if hasMember, bytes.allSatisfy({ $0 == 0 }) {
        deflate.input.clear()
        return false
      }
      guard let length = try Self.gzipHeaderLength(bytes) else {
        if isLast { throw Self.truncated() }
        return false
      }
      deflate.input.skip(length)
      checksum = .crc32(HTTPChecksum.CRC32())
    }
    deflate.restart()
    state = .blocks
    return true
  }

  /// How long the header of a member is, or nil if it is not there as a whole.
  private static func gzipHeaderLength(_ bytes: ArraySlice<UInt8>) throws(HTTPInflationError) -> Int? {
    let bytes = Array(bytes.prefix(64 * 1024))
    for (index, expected) in [0x1F, 0x8B, 8].enumerated() where index < bytes.count {
      guard bytes[index] == expected else { throw HTTPInflationError("it is not in the format of gzip") }
    }
    guard bytes.count >= 10 else { return nil }
    let flags = bytes[3]
    guard flags & 0xE0 == 0 else { throw HTTPInflationError("its header has flags that nobody knows") }
    var length = 10
    if flags & 4 != 0 {
      guard bytes.count >= length + 2 else { return nil }
      length += 2 + Int(bytes[length]) + Int(bytes[length + 1]) << 8
    }
    // The name of the file, and a comment; each ends with a zero.
    for flag in [8, 16] as [UInt8] where flags & flag != 0 {
      guard length < bytes.count, let end = bytes[length...].firstIndex(of: 0) else {
        if bytes.count == 64 * 1024 { throw HTTPInflationError("its header is longer than 64 KiB") }
        return nil
      }
      length = end + 1
    }
    if flags & 2 != 0 { length += 2 }
    return bytes.count >= length ? length : nil
  }

  /// Compares the checksum; false if it is not there yet.
  private mutating func readTrailer() throws(HTTPInflationError) -> Bool {
    hasMember = true
    guard isFramed || format == .gzip else {
      state = .done
      return true
    }
    deflate.alignToByte()
    let bytes = Array(deflate.input.unread.prefix(8))
    guard bytes.count >= (format == .gzip ? 8 : 4) else { return false }
    let isRight: Bool
    switch checksum {
    case .crc32(let crc):
      isRight = word(bytes, 0, 1, 2, 3) == crc.value && word(bytes, 4, 5, 6, 7) == crc.count
      deflate.input.skip(8)
      state = .header
    case .adler32(let adler):
      isRight = word(bytes, 3, 2, 1, 0) == adler.value
      deflate.input.skip(4)
      state = .done
    }
    guard isRight else { throw HTTPInflationError("its checksum is wrong; the data are damaged") }
    return true
  }

  private func word(_ bytes: [UInt8], _ a: Int, _ b: Int, _ c: Int, _ d: Int) -> UInt32 {
    UInt32(bytes[a]) | UInt32(bytes[b]) << 8 | UInt32(bytes[c]) << 16 | UInt32(bytes[d]) << 24
  }
}
