import Testing

@testable import AsyncIOHTTP

/// UTF-8 that comes in pieces, with the standard library as the oracle.
struct UTF8ValidatorTests {
  private func isText(_ pieces: [[UInt8]]) -> Bool {
    var validator = UTF8Validator()
    for piece in pieces where !validator.accepts(piece.span, in: 0..<piece.count) { return false }
    return validator.isComplete
  }

  private func compare(_ bytes: [UInt8]) {
    let expected = String(validating: bytes, as: UTF8.self) != nil
    if isText([bytes]) != expected { Issue.record("\(bytes) is judged wrongly") }
    if isText(bytes.map { [$0] }) != expected { Issue.record("\(bytes), byte by byte") }
  }

  @Test func `every sequence of one or two bytes is judged as by the standard library`() {
    for first in 0...255 {
      compare([UInt8(first)])
      for second in 0...255 { compare([UInt8(first), UInt8(second)]) }
    }
  }

  /// The first and the last byte of each range that the table of well-formed sequences knows (Unicode, table 3-7), and those
  /// beside them: what lies between is judged as its ends are.
  @Test func `longer sequences are judged as by the standard library, at each boundary`() {
    let bounds: [UInt8] = [
      0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
      0xEF,
      0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
    ]
    let later: [UInt8] = [0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0]
    for first in bounds {
      for second in bounds {
        for third in bounds { compare([first, second, third]) }
      }
      for second in later {
        for third in later {
          for fourth in later {
            compare([first, second, third, fourth])
            compare([first, second, third, fourth, 0x41])
          }
        }
      }
    }
  }

  @Test func `long text is text wherever it is cut`() {
    let text = Array("plain ASCII of some length, then κόσμε, 日本語, 😀 and more ASCII at the end".utf8)
    for cut in 0...text.count { #expect(isText([Array(text[..<cut]), Array(text[cut...])])) }
    #expect(!isText([Array(text.dropLast(30)), [0xFF], text]))
  }

  @Test func `what is wrong shows at once`() {
    var validator = UTF8Validator()
    // The first half of a surrogate: no third byte could make it right.
    let bytes: [UInt8] = [0x41, 0xED, 0xA0]
    let isAccepted = validator.accepts(bytes.span, in: 0..<3)
    #expect(!isAccepted)
  }
}
