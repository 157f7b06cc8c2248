package import HTTPTypes

/// What the fields of a message say about its framing, its host and its connection.
///
/// It is gathered while the fields go by, so that no question about framing searches them again.
/// Contradictions are kept as facts, not thrown: whether they matter depends on the message
/// (``HTTPBodyFraming``).
package struct HTTPMessageFacts: Hashable, Sendable {
  /// What all the `Content-Length` lines say together.
  package enum ContentLength: Hashable, Sendable {
    case absent
    /// One number, perhaps given several times.
    case length(Int)
    /// Something else than decimal digits: signs, lists, nothing.
    case invalid
    /// Decimal digits, of a number beyond `Int.max`.
    case overflow
    /// Several numbers.
    case conflicting
  }

  /// What all the `Transfer-Encoding` lines say together.
  package enum TransferEncoding: Hashable, Sendable {
    case absent
    /// Exactly one `chunked` and nothing else.
    case chunked
    /// Any other coding, several, or none where one should stand.
    case unsupported
  }

  /// The options of `Connection` that matter here.
  package struct Connection: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let close = Connection(rawValue: 1)
    package static let keepAlive = Connection(rawValue: 2)
    package static let upgrade = Connection(rawValue: 4)
  }

  package internal(set) var contentLength = ContentLength.absent
  package internal(set) var transferEncoding = TransferEncoding.absent
  package internal(set) var connection: Connection = []
  /// Whether the client waits for `100 Continue` before it sends the body.
  package internal(set) var expectsContinue = false
  /// Whether a response sets cookies.
  package internal(set) var setsCookies = false
  /// Whether the body is encoded, such as compressed.
  package internal(set) var hasContentEncoding = false
  /// How many `Host` lines there are.
  package internal(set) var hostCount = 0

  package init() {}

  /// Gathers the facts from fields that were not read from a connection.
  package init(_ fields: HTTPFields) {
    for field in fields {
      let name = Array(field.name.canonicalName.utf8)
      let framing = FramingField(name.span, in: 0..<name.count)
      guard framing != .other else { continue }
      // Sound: the buffer is valid within the closure, and the span made of it stays there.
      unsafe field.withUnsafeBytesOfValue { buffer in
        let bytes = unsafe buffer.span
        add(framing, value: bytes, in: bytes.trimmingBlanks(0..<bytes.count))
      }
    }
  }

  /// Takes one more field into account.
  @inline(__always)
  mutating func add(_ field: FramingField, value bytes: Span<UInt8>, in range: Range<Int>) {
    switch field {
    case .other: return
    case .host: hostCount += 1
    case .contentLength: addContentLength(bytes, in: range)
    case .transferEncoding: addTransferEncoding(bytes, in: range)
    case .connection: addConnection(bytes, in: range)
    case .setCookie: setsCookies = true
    case .contentEncoding: hasContentEncoding = true
    case .expect: if bytes.matches("100-continue", in: range) { expectsContinue = true }
    }
  }

  private mutating func addContentLength(_ bytes: Span<UInt8>, in range: Range<Int>) {
    let new = Self.contentLength(bytes, in: range)
    switch (contentLength, new) {
    case (.absent, _): contentLength = new
    case (.length(let known), .length(let length)) where known == length: return
    case (.length, .length): contentLength = .conflicting
    case (.length, _): contentLength = new
    default: return
    }
  }

  private static func contentLength(_ bytes: Span<UInt8>, in range: Range<Int>) -> ContentLength {
    guard !range.isEmpty else { return .invalid }
    var length = 0
    var overflow = false
    for index in range {
      guard bytes[index].isDigit else { return .invalid }
      let (product, first) = length.multipliedReportingOverflow(by: 10)
      let (sum, second) = product.addingReportingOverflow(Int(bytes[index] &- 0x30))
      overflow = overflow || first || second
      length = sum
    }
    return overflow ? .overflow : .length(length)
  }

  private mutating func addTransferEncoding(_ bytes: Span<UInt8>, in range: Range<Int>) {
    let isChunked = transferEncoding == .absent && bytes.matches("chunked", in: range)
    transferEncoding = isChunked ? .chunked : .unsupported
  }

  private mutating func addConnection(_ bytes: Span<UInt8>, in range: Range<Int>) {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = bytes.firstIndex(of: UInt8(ascii: ","), in: start..<range.upperBound) ?? range.upperBound
      let option = bytes.trimmingBlanks(start..<end)
      if bytes.matches("close", in: option) { connection.insert(.close) }
      if bytes.matches("keep-alive", in: option) { connection.insert(.keepAlive) }
      if bytes.matches("upgrade", in: option) { connection.insert(.upgrade) }
      start = end + 1
    }
  }
}

/// The fields that the codec itself understands, or that somebody would otherwise search for in each message.
enum FramingField: Hashable, Sendable {
  case other, host, contentLength, transferEncoding, connection, expect, setCookie, contentEncoding

  /// Tells which field `range` names.
  ///
  /// Nearly every name is told apart by its length alone.
  @inline(__always)
  init(_ bytes: Span<UInt8>, in range: Range<Int>) {
    switch range.count {
    case 4: self = bytes.matches("host", in: range) ? .host : .other
    case 6: self = bytes.matches("expect", in: range) ? .expect : .other
    case 10:
      self =
        bytes.matches("connection", in: range)
        ? .connection : bytes.matches("set-cookie", in: range) ? .setCookie : .other
    case 14: self = bytes.matches("content-length", in: range) ? .contentLength : .other
    case 16: self = bytes.matches("content-encoding", in: range) ? .contentEncoding : .other
    case 17: self = bytes.matches("transfer-encoding", in: range) ? .transferEncoding : .other
    default: self = .other
    }
  }
}
