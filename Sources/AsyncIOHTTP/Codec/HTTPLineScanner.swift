/// Finds the lines of a head or trailer section, and remembers how far it looked.
///
/// A peer that sends one byte at a time costs one look at each byte: what was searched in vain is not
/// searched again. A line that is too long is refused as soon as the byte that makes it so has come, at the
/// same place however the input is cut.
struct HTTPLineScanner: Sendable {
  /// A limit, and the code under which its breach is reported.
  struct Limit {
    let count: Int
    let code: HTTPCodecError.Code
    let what: StaticString
  }

  /// Where the line begins that is searched or comes next.
  private(set) var lineStart = 0
  /// Before this there is no line feed in the current line.
  private var searched = 0

  /// The next line without its end, or `nil` if its end has not come.
  ///
  /// - Parameters:
  ///   - bytes: everything since the section began.
  ///   - line: how long the line may be without its end.
  ///   - section: how long all lines together may be with their ends.
  /// - Returns: where the line stands, without its end.
  /// - Throws: `HTTPCodecError` for a bare line feed or a breach of either limit.
  @inline(__always)
  mutating func nextLine(
    in bytes: Span<UInt8>, line: Limit, section: Limit
  ) throws(HTTPCodecError) -> Range<Int>? {
    // The last places where the line feed may stand.
    let lineEnd = lineStart &+ line.count &+ 1
    let allowed = Swift.min(lineEnd, section.count &- 1)
    let searchEnd = Swift.min(bytes.count, allowed &+ 1)
    let searchStart = Swift.max(searched, lineStart)
    guard searchStart < searchEnd,
      let lineFeed = bytes.firstIndex(of: .lineFeed, in: searchStart..<searchEnd)
    else {
      searched = searchEnd
      if bytes.count > allowed { throw breach(of: lineEnd < section.count ? line : section, at: allowed) }
      return nil
    }
    let start = lineStart
    guard lineFeed > start, bytes[lineFeed &- 1] == .carriageReturn else {
      throw .bareLineFeed(at: lineFeed)
    }
    lineStart = lineFeed &+ 1
    return start..<lineFeed &- 1
  }

  @inline(never)
  private func breach(of limit: Limit, at offset: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: limit.code,
      message: "The \(limit.what) is longer than the limit of \(limit.count) bytes; "
        + "raise it in HTTPLimits if the peer is to be trusted.",
      offset: offset)
  }
}
