#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import AsyncIOHTTP
import Glibc
import Testing

/// Our URLs beside the public cases of the WHATWG URL standard (web-platform-tests, `urltestdata.json`), which
/// `Tests/check-urls` is given.
///
/// A URL here is for requests by HTTP, and stricter on purpose: what the standard repairs is refused where it could mean two
/// servers. So a case may be read alike or refused; read as something else it may not be.
@Suite struct HTTPURLWHATWGTests {
  private struct Case: Decodable {
    let input: String
    let base: String?
    let failure: Bool?
    let href: String?
    let `protocol`: String?
    let username: String?
    let password: String?
    let hash: String?
  }

  /// An entry that may be a comment.
  private struct Entry: Decodable {
    let content: Case?
    init(from decoder: any Decoder) throws { content = try? Case(from: decoder) }
  }

  static var path: String? {
    guard let value = unsafe getenv("ASYNCIO_URL_CASES") else { return nil }
    return unsafe String(cString: value)
  }

  private static func read(_ path: String) throws -> [Case] {
    let file = unsafe try #require(unsafe fopen(path, "r"))
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = unsafe fread(&buffer, 1, buffer.count, file), count > 0 {
      bytes += buffer[..<count]
    }
    return try JSONDecoder().decode([Entry].self, from: Data(bytes)).compactMap(\.content)
  }

  /// Scheme and authority; addresses of IPv6 are all alike, as they have several spellings.
  private static func server(_ url: String) -> String {
    let parts = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    let authority = parts.count > 2 ? parts[2].prefix { $0 != "/" } : ""
    return "\(parts[0])//" + (authority.hasPrefix("[") ? "[]" : authority)
  }

  private static func parse(_ input: String, _ base: String?) throws -> String {
    guard let base else { return try HTTPURL(input).description }
    return try HTTPURL(base).resolve(input).description
  }

  @Test(.enabled(if: path != nil)) func `no public case goes to another server`() throws {
    let cases = try Self.read(try #require(Self.path))
    var (alike, refused, other) = (0, 0, [String]())
    var refusedRightly = 0
    var elsewhere: [String] = []
    for item in cases {
      let isBaseOurs = item.base.map { $0.hasPrefix("http") } ?? true
      let result = isBaseOurs ? try? Self.parse(item.input, item.base) : nil
      let isHTTP = item.protocol == "http:" || item.protocol == "https:"
      let expected = item.failure == true || !isHTTP ? nil : item.href.map { String($0.prefix { $0 != "#" }) }
      switch (expected, result) {
      case (nil, nil): refusedRightly += 1
      case (let expected?, let result?) where expected == result: alike += 1
      case (_?, nil): refused += 1
      case (let expected?, let result?) where Self.server(expected) != Self.server(result):
        elsewhere.append("\(item.input.debugDescription): \(result), not \(expected)")
      default:
        other.append(
          "\(item.input.debugDescription) on \(item.base ?? "-"): \(result ?? "-"), not \(expected ?? "refused")"
        )
      }
    }
    print(
      "\(cases.count) cases: \(alike) read alike, \(refusedRightly) refused by both or not HTTP, \(refused) refused here only, "
        + "\(other.count) read differently")
    for line in other { print("  " + line) }
    #expect(elsewhere.isEmpty)
  }
}
