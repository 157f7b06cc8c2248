import ArgumentParser
import Testing

@testable import asyncio

@Suite struct FetchQueueAddressTests {
  @Test(arguments: ["fetch", "a", "nightly-2", "urls", "x_urls_2", "12345678901234567890123456789012"])
  func `a name of a run`(name: String) {
    #expect(throws: Never.self) { try FetchQueueAddress.checkName(name) }
  }

  @Test(arguments: [
    "", "A", "a b", "ä", "123456789012345678901234567890123", "x_urls", "_urls", "x_visible", "x_urls_key",
    "x_pkey",
    "x_id_seq",
  ])
  func `what is none, or would be in the way of another run`(name: String) {
    #expect(throws: ValidationError.self) { try FetchQueueAddress.checkName(name) }
  }
}
