import Testing

@testable import asyncio

@Suite struct ByteCountArgumentTests {
  @Test(arguments: [
    ("0", 0), ("512", 512), ("512B", 512), ("64k", 65536), ("64KiB", 65536), ("1M", 1_048_576),
    ("1mb", 1_048_576),
    ("2G", 2_147_483_648), ("1024G", 1 << 40),
  ])
  func `a size is read in binary units`(text: String, expected: Int) throws {
    #expect(try ByteCountArgument(parsing: text).bytes == expected)
  }

  @Test(arguments: ["", "k", "1.5k", "many", "1T", "-1", "1025G", "99999999999999999999", "9999999999999G"])
  func `what is no size, or no sensible one, is refused`(text: String) {
    #expect(throws: (any Error).self) { try ByteCountArgument(parsing: text) }
  }
}
