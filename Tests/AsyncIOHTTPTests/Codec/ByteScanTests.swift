import Testing

@testable import AsyncIOHTTP

/// The scans of a word at a time against the plain loops that they replace.
struct ByteScanTests {
  @Test func `the first byte of its kind is found wherever it stands`() {
    for length in 0...20 {
      for place in 0..<length {
        for byte in UInt8.min...UInt8.max {
          var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: length)
          bytes[place] = byte
          check(bytes)
        }
      }
    }
  }

  @Test(arguments: 1...4)
  func `random bytes are scanned as by the plain loop`(_ seed: UInt64) {
    var random = SplitMix64(state: seed)
    for _ in 0..<2000 {
      let length = random.below(40)
      check((0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) >> UInt8(random.below(3)) })
    }
  }

  private func check(_ bytes: [UInt8]) {
    let span = bytes.span
    let range = min(1, bytes.count)..<bytes.count - bytes.count / 4
    guard range.lowerBound <= range.upperBound else { return }
    let lineFeed = bytes[range].firstIndex(of: 10)
    let special = bytes[range].firstIndex { $0 < 0x20 || $0 >= 0x7F } ?? range.upperBound
    #expect(span.firstIndex(of: 10, in: range) == lineFeed)
    #expect(span.endOfPlainText(in: range) == special)
  }
}
