/// The addresses in a sitemap (sitemaps.org).
struct Sitemap: Sendable, Equatable {
  /// Whether they are those of sitemaps.
  private(set) var isIndex = false
  /// The addresses, in their order.
  private(set) var locations: [String] = []

  /// More are not in one sitemap, by its rules.
  private static let limit = 50_000

  /// Reads a sitemap; what is no XML has no addresses.
  init(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while let start = rest.firstIndex(of: UInt8(ascii: "<")), locations.count < Self.limit {
      rest = rest[(start + 1)...]
      if rest.starts(with: "sitemapindex".utf8) { isIndex = true }
      guard rest.starts(with: "loc>".utf8) else { continue }
      rest = rest.dropFirst(4)
      guard let end = rest.firstIndex(where: { $0 == UInt8(ascii: "<") }) else { return }
      var text = rest[..<end]
      if text.allSatisfy(HTMLTags.isSpace), rest[end...].starts(with: "<![CDATA[".utf8) {
        text = rest[(end + 9)...].prefix { $0 != UInt8(ascii: "]") }
      }
      rest = rest[text.endIndex...]
      let location = PageLinks.trimmed(HTMLText.decode(text))
      if !location.isEmpty { locations.append(location) }
    }
  }
}
