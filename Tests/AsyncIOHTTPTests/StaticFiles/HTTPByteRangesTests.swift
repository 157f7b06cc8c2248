import HTTPTypes
import Testing

@testable import AsyncIOHTTP

/// Which parts of a resource a field asks for.
@Suite struct HTTPByteRangesTests {
  @Test(arguments: [
    ("bytes=0-4", [0..<5]), ("bytes=5-", [5..<10]), ("bytes=-3", [7..<10]),
    ("bytes=0-0,-1", [0..<1, 9..<10]),
    ("bytes=8-99", [8..<10]), ("bytes=-99", [0..<10]), ("BYTES = 1-2", [1..<3]),
    ("bytes=1-2, ,4-5", [1..<3, 4..<6]),
    ("bytes=0-99999999999999999999", [0..<10]), ("bytes=20-30,1-1", [1..<2]),
  ])
  func `parts are asked for`(_ field: String, _ expected: [Range<Int>]) {
    #expect(HTTPByteRanges(field, size: 10) == .parts(expected))
  }

  @Test(arguments: [
    "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=4-2", "bytes=1", "lines=0-1", "bytes=0-1,x",
    "bytes=+1-2",
    // Overlapping parts, longer than the whole.
    "bytes=0-9,0-9", "bytes=\((0...16).map { "\($0)-\($0)" }.joined(separator: ","))",
  ])
  func `what is no range, or too much, is ignored`(_ field: String) {
    #expect(HTTPByteRanges(field, size: 10) == .whole)
  }

  @Test(arguments: ["bytes=10-", "bytes=99999999999999999999-", "bytes=-0", "bytes=10-20,30-40"])
  func `what is not there cannot be satisfied`(_ field: String) {
    #expect(HTTPByteRanges(field, size: 10) == .unsatisfiable)
  }

  @Test func `nothing is there of nothing`() {
    #expect(HTTPByteRanges("bytes=0-", size: 0) == .unsatisfiable)
    #expect(HTTPByteRanges("bytes=-5", size: 0) == .unsatisfiable)
  }
}
