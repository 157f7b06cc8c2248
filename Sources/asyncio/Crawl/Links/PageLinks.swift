/// What a page says of other pages, and of how it wants to be treated.
struct PageLinks: Sendable, Equatable {
  /// A reference as it stands in the page, relative or not.
  struct Link: Sendable, Equatable {
    /// The reference, without the white space around it.
    var reference: String
    /// Whether it leads to a page, rather than to a part of this one such as a picture.
    var isPage: Bool
  }

  /// Links that may be followed, in their order.
  private(set) var links: [Link] = []
  /// What relative references are relative to, if not to the page itself.
  private(set) var base: String?
  /// The page that this one is a copy of, perhaps itself.
  private(set) var canonical: String?
  /// Whether the page asks that none of its links be followed; there are none here then.
  private(set) var isNoFollow = false
  /// How many links ask not to be followed.
  private(set) var noFollowCount = 0

  /// Reads a page.
  ///
  /// - Parameters:
  ///   - html: The document.
  ///   - token: The crawler's name, as it may stand in `<meta name=…>` in the place of `robots`.
  ///   - withAssets: Whether pictures, scripts and the like are wanted too.
  init(_ html: [UInt8], token: String, withAssets: Bool) {
    for tag in HTMLTags(html) {
      switch tag.name {
      case "a", "area": addLink(tag["href"], rel: tag["rel"])
      case "iframe", "frame": add(tag["src"], isPage: true)
      case "link": addLinkElement(tag, withAssets: withAssets)
      case "base": if base == nil, let href = tag["href"] { base = Self.trimmed(href) }
      case "meta": readMeta(tag, token: token.lowercased())
      default: if withAssets { addAssets(tag) }
      }
    }
    if isNoFollow { refuseFollowing() }
  }

  /// Takes note that none of the links is to be followed, as where `X-Robots-Tag` says so.
  mutating func refuseFollowing() {
    isNoFollow = true
    noFollowCount += links.count { $0.isPage }
    links.removeAll { $0.isPage }
  }

  /// Whether a value of `X-Robots-Tag` asks a crawler not to follow links: `nofollow`, `none`, or these for it by name.
  static func isNoFollow(robotsTag: String, token: String) -> Bool {
    var isForUs = true
    for part in robotsTag.split(separator: ",") {
      var directive = trimmed(String(part)).lowercased()
      // A name with a colon begins what is for one crawler, but for these, which have values.
      if let colon = directive.firstIndex(of: ":"),
        !["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"].contains(
          String(directive[..<colon]))
      {
        isForUs = directive[..<colon] == token.lowercased()
        directive = trimmed(String(directive[directive.index(after: colon)...]))
      }
      if isForUs, directive == "nofollow" || directive == "none" { return true }
    }
    return false
  }

  // MARK: Elements

  private mutating func addLink(_ reference: String?, rel: String?) {
    let relations = rel.map(Self.words) ?? []
    if relations.contains(where: ["nofollow", "ugc", "sponsored"].contains) {
      if reference != nil { noFollowCount += 1 }
    } else {
      add(reference, isPage: true)
    }
  }

  /// `<link>`: other pages where it says so; pages to be styled and drawn with are assets.
  private mutating func addLinkElement(_ tag: HTMLTags.Tag, withAssets: Bool) {
    let relations = tag["rel"].map(Self.words) ?? []
    if relations.contains("canonical") {
      if canonical == nil, let href = tag["href"] { canonical = Self.trimmed(href) }
    } else if relations.contains(where: Self.assetRelations.contains) {
      if withAssets { add(tag["href"], isPage: false) }
    } else if relations.contains(where: Self.pageRelations.contains) {
      addLink(tag["href"], rel: tag["rel"])
    }
  }

  private mutating func readMeta(_ tag: HTMLTags.Tag, token: String) {
    let content = tag["content"] ?? ""
    if let name = tag["name"]?.lowercased(), name == "robots" || name == token {
      let directives = content.lowercased().split { $0 == "," || $0 == " " }
      if directives.contains("nofollow") || directives.contains("none") { isNoFollow = true }
    } else if tag["http-equiv"]?.lowercased() == "refresh" {
      add(Self.refreshTarget(content), isPage: true)
    }
  }

  private mutating func addAssets(_ tag: HTMLTags.Tag) {
    switch tag.name {
    case "img", "source", "video", "audio", "embed", "track", "script", "input":
      add(tag["src"], isPage: false)
    case "object": add(tag["data"], isPage: false)
    default: return
    }
    if let poster = tag["poster"] { add(poster, isPage: false) }
    for candidate in tag["srcset"].map(Self.sources) ?? [] { add(candidate, isPage: false) }
  }

  private mutating func add(_ reference: String?, isPage: Bool) {
    guard let reference else { return }
    links.append(Link(reference: Self.trimmed(reference), isPage: isPage))
  }

  // MARK: Values

  private static let pageRelations = [
    "alternate", "next", "prev", "first", "last", "up", "help", "author", "license",
  ]
  private static let assetRelations = [
    "stylesheet", "icon", "apple-touch-icon", "preload", "modulepreload", "manifest",
  ]

  private static func words(_ text: String) -> [String] {
    text.lowercased().split(whereSeparator: \.isWhitespace).map(String.init)
  }

  /// The addresses in a `srcset`, without their descriptors (WHATWG HTML §4.8.4.2.1).
  static func sources(in srcset: String) -> [String] {
    var sources: [String] = []
    var rest = Substring(srcset)
    while true {
      rest = rest.drop { $0.isWhitespace || $0 == "," }
      let address = rest.prefix { !$0.isWhitespace }
      if address.isEmpty { return sources }
      rest = rest[address.endIndex...]
      if address.hasSuffix(",") {
        // Without a descriptor; a comma within an address is a part of it.
        sources.append(String(address.reversed().drop { $0 == "," }.reversed()))
      } else {
        sources.append(String(address))
        rest = rest.drop { $0 != "," }
      }
    }
  }

  /// Where `<meta http-equiv=refresh>` leads, such as `0; url='next'`.
  static func refreshTarget(_ content: String) -> String? {
    guard let separator = content.firstIndex(where: { $0 == ";" || $0 == "," }) else { return nil }
    var rest = trimmed(String(content[content.index(after: separator)...]))[...]
    if rest.lowercased().hasPrefix("url") {
      let after = rest.dropFirst(3).drop(while: \.isWhitespace)
      if after.first == "=" { rest = after.dropFirst().drop(while: \.isWhitespace) }
    }
    if let quote = rest.first, quote == "\"" || quote == "'" {
      rest = rest.dropFirst().prefix { $0 != quote }
    }
    return rest.isEmpty ? nil : String(rest)
  }

  /// The text without white space around it, and without line ends within, as browsers take addresses (WHATWG URL §4.4).
  static func trimmed(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard scalars.contains(where: { $0.value <= 0x20 }) else { return text }
    var kept = String.UnicodeScalarView()
    kept.append(contentsOf: scalars.lazy.filter { $0 != "\n" && $0 != "\r" && $0 != "\t" })
    let start = kept.firstIndex { $0.value > 0x20 } ?? kept.endIndex
    let end = kept.lastIndex { $0.value > 0x20 }.map { kept.index(after: $0) } ?? start
    return String(kept[start..<end])
  }
}

extension PageLinks {
  /// Whether a document without a type looks like a page.
  static func looksLikeHTML(_ bytes: [UInt8]) -> Bool {
    let start = String(decoding: bytes.prefix(512), as: UTF8.self).lowercased()
    return ["<!doctype html", "<html", "<head", "<body"].contains { start.contains($0) }
  }

  /// The address that fields `Link` name as the canonical one, such as `<https://a/>; rel="canonical"` (RFC 8288).
  static func canonical(inFields values: [String]) -> String? {
    for value in values {
      for link in value.split(separator: "<").dropFirst(value.hasPrefix("<") ? 0 : 1) {
        guard let end = link.firstIndex(of: ">") else { continue }
        let parameters = link[end...].lowercased().filter { $0 != "\"" && $0 != " " }
        if parameters.contains(";rel=canonical") { return trimmed(String(link[..<end])) }
      }
    }
    return nil
  }
}
