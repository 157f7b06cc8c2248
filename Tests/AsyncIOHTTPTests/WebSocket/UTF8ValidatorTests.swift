import Testing

@testable import AsyncIOHTTP

/// UTF-8 that comes in pieces, with the standard library as the oracle.
struct UTF8ValidatorTests {
  private func isText(_ pieces: [[UInt8]]) -> Bool {
    var validator = UTF8Validator()
    for piece in pieces where !validator.accepts(piece.span, in: 0..<piece.count) { return false }
    return validator.isComplete
  }

  @Test func `every sequence of up to three bytes is judged as by the standard library`() {
    let interesting: [UInt8] = [0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xFF]
    for first in 0...255 {
      for second in interesting {
        for third in interesting {
          for rest in [[], [0x80], [0xBF, 0x41]] as [[UInt8]] {
            let bytes = [UInt8(first), second, third] + rest
            let expected = String(validating: bytes, as: UTF8.self) != nil
            if isText([bytes]) != expected { Issue.record("\(bytes) is judged wrongly") }
            if isText(bytes.map { [$0] }) != expected { Issue.record("\(bytes), byte by byte") }
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
