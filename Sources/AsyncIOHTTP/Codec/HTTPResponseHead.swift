package import HTTPTypes

/// The head of a response that was read.
package struct HTTPResponseHead: Sendable {
  package internal(set) var version: HTTPVersion
  /// The status code, from 100 to 999.
  package let code: Int
  package let fields: HTTPFieldBlock
  /// What the fields say about framing and the connection.
  package let facts: HTTPMessageFacts
  private let reason: Range<Int>

  @inline(__always)
  init(_ line: HTTPStatusLine, _ section: HTTPFieldSection, of bytes: Span<UInt8>, consumed: Int) {
    version = line.version
    code = line.code
    reason = line.reason
    facts = section.facts
    fields = HTTPFieldBlock(bytes: bytes.copy(0..<consumed), lines: section.lines)
  }

  /// The status with its reason phrase, read as ISO Latin 1.
  package var status: HTTPResponse.Status {
    let span = fields.bytes.span
    if code == 200, reason.count == 2, span[reason.lowerBound] == 0x4F, span[reason.lowerBound + 1] == 0x4B {
      return .ok
    }
    var phrase = ""
    for index in reason { phrase.unicodeScalars.append(Unicode.Scalar(span[index])) }
    return HTTPResponse.Status(code: code, reasonPhrase: phrase)
  }

  /// The response as everybody's currency type, with all its fields made.
  package var response: HTTPResponse { HTTPResponse(status: status, headerFields: fields.makeFields()) }
}

extension Span<UInt8> {
  /// A copy of the bytes in `range`.
  @inline(__always)
  func copy(_ range: Range<Int>) -> [UInt8] {
    // Sound: the pointer is used only within the closure, and the range is checked when it is extracted.
    unsafe extracting(range).withUnsafeBytes { unsafe Array($0) }
  }
}
