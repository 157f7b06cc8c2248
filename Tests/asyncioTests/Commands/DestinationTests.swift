import AsyncIO
import Glibc
import Testing

@testable import asyncio

@Suite struct DestinationTests {
  @Test func `a file that can be written is left as it is`() throws {
    let path = "/tmp/asyncio-destination-\(UInt64.random(in: .min ... .max))"
    defer { unsafe unlink(path) }
    try Destination.check(path)
    #expect(throws: IOError.self) { try OutputFile.read(path) }
    try OutputFile.write([1, 2, 3], to: path)
    try Destination.check(path)
    #expect(try OutputFile.readBytes(path) == [1, 2, 3])
    #expect(throws: Never.self) { try Destination.check("here") }
  }

  @Test(arguments: [
    ("/nowhere/at/all", ENOENT), ("/tmp", EISDIR), ("/tmp/", EISDIR), ("/dev/null/x", ENOTDIR),
  ])
  func `one that cannot be is an error`(path: String, code: CInt) throws {
    let failure = try #require(throws: IOError.self) { try Destination.check(path) }
    #expect(failure.errno == code)
  }
}
