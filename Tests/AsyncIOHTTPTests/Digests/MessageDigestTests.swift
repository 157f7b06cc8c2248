import Testing

@testable import AsyncIOHTTP

/// Digests, with the examples of their standards.
struct MessageDigestTests {
  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  @Test(arguments: [
    (
      "", "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    ),
    (
      "abc", "900150983cd24fb0d6963f7d28e17f72", "a9993e364706816aba3e25717850c26c9cd0d89d",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    ),
    (
      String(repeating: "1234567890", count: 8), "57edf4a22be3c955ac49da2e2107b67a",
      "50abf5706a150990a08b2c5ea40fa0e585554732",
      "f371bc4a311f2b009eef952dd83ca80e2b60026c8e935592d0f9c308453c813e"
    ),
  ])
  func `digests are those of the standards`(_ text: String, _ md5: String, _ sha1: String, _ sha256: String) {
    #expect(Self.hex(MessageDigest.md5(Array(text.utf8))) == md5)
    #expect(Self.hex(MessageDigest.sha1(Array(text.utf8))) == sha1)
    #expect(Self.hex(MessageDigest.sha256(Array(text.utf8))) == sha256)
  }
}
