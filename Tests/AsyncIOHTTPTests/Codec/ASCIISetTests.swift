import Testing

@testable import AsyncIOHTTP

/// Each set against its definition, over all bytes.
struct ASCIISetTests {
  private static let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
  private static let unreserved = letters + "0123456789-._~"
  private static let subDelimiters = "!$&'()*+,;="
  private static let visible = String(decoding: 0x21...0x7E, as: UTF8.self)

  static let definitions: [(ASCIISet, String)] = [
    (.token, letters + "0123456789!#$%&'*+-.^_`|~"),
    (.target, visible.filter { !"\"#<>".contains($0) }),
    (.registeredName, unreserved + subDelimiters + "%"),
    (.path, unreserved + subDelimiters + ":@/"),
    (.query, unreserved + subDelimiters + ":@/?"),
    (.hostName, unreserved),
  ]

  @Test(arguments: definitions)
  func `a set has the members of its definition`(_ set: ASCIISet, _ members: String) {
    for byte in UInt8.min...UInt8.max {
      #expect(set.contains(byte) == members.utf8.contains(byte), "byte \(byte)")
    }
  }

  @Test func `bytes are classed as RFC 9110 has it`() {
    for byte in UInt8.min...UInt8.max {
      #expect(byte.isDigit == "0123456789".utf8.contains(byte))
      #expect(byte.isForbiddenControl == ((byte < 32 && byte != 9) || byte == 127))
      #expect(byte.lowercased == ((65...90).contains(byte) ? byte + 32 : byte))
      let digits = Array("0123456789abcdef".utf8)
      #expect(byte.hexadecimalValue.map(Int.init) == digits.firstIndex(of: byte.lowercased))
    }
  }
}
