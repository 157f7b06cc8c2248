import Glibc
import Testing

@testable import asyncio

@Suite struct StandardStreamTests {
  /// A pipe whose writing end is closed with the reading end.
  private func withPipe(_ body: (_ reading: Int32, _ writing: Int32) throws -> Void) throws {
    var ends: [Int32] = [-1, -1]
    // `ends` has room for the two descriptors that the kernel writes.
    try #require(unsafe pipe(&ends) == 0)
    defer { ends.forEach { close($0) } }
    try body(ends[0], ends[1])
  }

  @Test func `the whole text is written`() throws {
    try withPipe { reading, writing in
      #expect(StandardStream(descriptor: writing).write("größer 日本\n"))
      var bytes = [UInt8](repeating: 0, count: 64)
      // At most as many bytes as there is room for.
      let count = unsafe read(reading, &bytes, bytes.count)
      #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "größer 日本\n")
    }
  }

  @Test func `an empty text needs no writing`() {
    #expect(StandardStream(descriptor: -1).write(""))
  }

  @Test func `a descriptor that is none is said so`() {
    #expect(!StandardStream(descriptor: -1).write("lost"))
  }
}
