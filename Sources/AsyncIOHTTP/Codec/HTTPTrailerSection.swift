import HTTPTypes

/// Reads the fields after the last chunk (RFC 9112 §7.1.2).
///
/// Unlike a head it keeps a copy of what came, so that a body's caller need never keep bytes back. Most
/// bodies have no trailers; of them, two bytes are looked at and nothing is kept.
struct HTTPTrailerSection: Sendable {
  private var buffer: [UInt8] = []
  private var scanner = HTTPLineScanner()
  private var section = HTTPFieldSection()

  /// Reads the bytes from `start` on, no further than the end of the section.
  ///
  /// - Parameters:
  ///   - bytes: bytes of the body.
  ///   - start: where in them the section begins or goes on.
  ///   - limits: how long it may be.
  ///   - position: where in the body the bytes begin, for errors.
  /// - Returns: how many bytes it read, and whether the section ended with them.
  /// - Throws: `HTTPCodecError` as for the fields of a head.
  mutating func read(
    _ bytes: Span<UInt8>, from start: Int, limits: HTTPLimits, position: Int
  ) throws(HTTPCodecError) -> (consumed: Int, isComplete: Bool) {
    if buffer.isEmpty, bytes.count - start >= 2, bytes[start] == .carriageReturn,
      bytes[start + 1] == .lineFeed, limits.trailers >= 2
    {
      return (2, true)
    }
    var index = start
    while index < bytes.count {
      let room = start + limits.trailers + 1
      let end = Swift.min(bytes.count, room)
      let lineEnd = bytes.firstIndex(of: .lineFeed, in: index..<end).map { $0 + 1 } ?? end
      let base = position + index - buffer.count
      buffer.append(contentsOf: bytes.copy(index..<lineEnd))
      index = lineEnd
      do throws(HTTPCodecError) {
        if try readLine(limits) { return (index - start, true) }
      } catch { throw error.moved(by: base) }
    }
    return (index - start, false)
  }

  /// The fields that were read.
  func makeFields() -> HTTPFields {
    section.lines.isEmpty ? [:] : HTTPFieldBlock(bytes: buffer, lines: section.lines).makeFields()
  }

  /// Reads the line that may have ended with the last bytes, and tells whether it was the empty one.
  private mutating func readLine(_ limits: HTTPLimits) throws(HTTPCodecError) -> Bool {
    // A second reference, not a copy: a span of `self.buffer` would keep the other properties from changing.
    let buffer = buffer
    let line = try scanner.nextLine(
      in: buffer.span,
      line: .init(count: limits.fieldLine, code: .fieldLineTooLong, what: "trailer line"),
      section: .init(count: limits.trailers, code: .trailersTooLong, what: "trailer section"))
    guard let line else { return false }
    if line.isEmpty { return true }
    try section.add(line, of: buffer.span, limit: limits.trailerCount)
    try refuseFraming(at: line.lowerBound)
    return false
  }

  /// Refuses fields that must be known before the body (RFC 9110 §6.5.1).
  ///
  /// They would mean nothing here, but somebody downstream may merge trailers into the head.
  private func refuseFraming(at offset: Int) throws(HTTPCodecError) {
    let facts = section.facts
    guard facts.contentLength != .absent || facts.transferEncoding != .absent || facts.hostCount > 0
    else { return }
    throw HTTPCodecError(
      code: .forbiddenTrailer,
      message: "A trailer is Content-Length, Transfer-Encoding or Host, which belong in the head only.",
      offset: offset)
  }
}
