// Takes `Content-Encoding: gzip`, `deflate`, `br` and `zstd` off a body (RFC 1950 to 1952, RFC 7932, RFC 8878), by the system's
// zlib, Brotli and Zstandard.
//
// Memory is bounded: what was given and not yet read, the window of the format, a buffer, and what one call may put out.
//
// An inflater belongs to who reads the body, and one task reads it at a time: it has state in memory of C, and no lock.

/// A compressed body that is damaged.
struct HTTPInflationError: Error, Hashable, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Decompresses a body wherever its bytes are cut.
package final class HTTPInflater: @unchecked Sendable {
  // Sendable: see the head of this file.

  package enum Format: Sendable {
    case gzip
    /// With the frame of zlib, as the RFC says, or without, as some servers do.
    case deflate
    case brotli
    case zstd

    /// Whether another one may follow what is whole.
    var hasMembers: Bool { self == .gzip || self == .zstd }
  }

  private enum State {
    /// Before the data. Goes to `data`.
    case start
    /// In the data. Goes to `between`, `done`.
    case data(any HTTPDecompressor)
    /// After a member of gzip or a frame of Zstandard, which others may follow. Goes to `data`.
    case between(any HTTPDecompressor)
    case done
  }

  private let format: Format
  private var state = State.start
  private var input = HTTPInflaterInput()
  private var buffer: [UInt8] = []

  /// How much one piece of a stream may put out.
  static let pieceLimit = 256 * 1024
  private static let bufferSize = 32 * 1024

  /// The names of what is understood, for `Accept-Encoding`.
  static let acceptedCodings = "gzip, deflate, br, zstd"

  /// Makes an inflater for what `Content-Encoding` says; nil if that is nothing, or nothing known.
  convenience init?(_ values: [String]) {
    let codings = values.flatMap { $0.split(separator: ",") }.map { $0.trimmed.lowercased() }
      .filter { $0 != "identity" && !$0.isEmpty }
    guard codings.count == 1 else { return nil }
    switch codings[0] {
    case "gzip", "x-gzip": self.init(.gzip)
    case "deflate": self.init(.deflate)
    case "br": self.init(.brotli)
    case "zstd": self.init(.zstd)
    default: return nil
    }
  }

  /// Makes an inflater for a format.
  package init(_ format: Format) { self.format = format }

  /// Whether there is more to put out without anything more being given.
  private(set) var hasMore = false

  /// Decompresses some more, up to `pieceLimit`; if `hasMore` then, call it again with nothing.
  ///
  /// - Throws: `HTTPInflationError` for what is damaged, or ends early.
  func inflate(_ bytes: [UInt8], isLast: Bool) throws(HTTPInflationError) -> [UInt8] {
    input.append(bytes)
    if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: Self.bufferSize) }
    var output: [UInt8] = []
    hasMore = false
    while output.count < Self.pieceLimit {
      guard let decompressor = try decompressor(isLast: isLast) else { return output }
      let room = min(buffer.count, Self.pieceLimit - output.count)
      let step = try decompressor.step(&input, into: &buffer, atMost: room)
      output += buffer[..<step.count]
      if step.isEnd {
        state = format.hasMembers ? .between(decompressor) : .done
      } else if step.count < room, input.isEmpty {
        if isLast { throw Self.truncated() }
        return output
      }
    }
    hasMore = true
    return output
  }

  /// Decompresses a whole body.
  ///
  /// - Throws: `HTTPBodyTooLarge` as soon as there is more than `limit`; `HTTPInflationError`.
  package func inflate(_ bytes: [UInt8], isLast: Bool, limit: Int) throws -> [UInt8] {
    var output = try inflate(bytes, isLast: isLast)
    while hasMore, output.count <= limit { output += try inflate([], isLast: isLast) }
    guard output.count <= limit else { throw HTTPBodyTooLarge(limit: limit, announced: nil) }
    return output
  }

  private static func truncated() -> HTTPInflationError {
    HTTPInflationError("the data end too early; do not use the part as if it were the whole")
  }

  /// What the next bytes go to; nil if that is not known yet, or nothing is to come.
  private func decompressor(isLast: Bool) throws(HTTPInflationError) -> (any HTTPDecompressor)? {
    switch state {
    case .data(let decompressor): return decompressor
    case .done:
      input.clear()
      return nil
    case .between(let decompressor):
      // Padding behind the last member is ignored, as others do.
      if input.isZero {
        input.clear()
        return nil
      }
      try decompressor.restart()
      state = .data(decompressor)
      return decompressor
    case .start:
      if input.isEmpty { return nil }
      // Two bytes tell whether there is a frame.
      if format == .deflate, input.count < 2, !isLast { return nil }
      let decompressor: any HTTPDecompressor =
        switch format {
        case .gzip: try ZlibDecompressor(.gzip)
        case .deflate: try ZlibDecompressor(input.beginsWithZlibHeader ? .zlib : .raw)
        case .brotli: try BrotliDecompressor()
        case .zstd: try ZstdDecompressor()
        }
      state = .data(decompressor)
      return decompressor
    }
  }
}
