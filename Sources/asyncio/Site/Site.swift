// A site to crawl, made up: pages that link to each other in every spelling that is allowed, and traps. It counts who asks for what,
// and can say itself whether a crawler has behaved: see `complaints`.

import AsyncIO
import AsyncIOHTTP
import HTTPTypes
import Synchronization

/// A made-up site with traps for crawlers.
final class Site: Sendable {
  /// How often a URL should be asked for.
  enum Wish: Sendable, Equatable {
    case once, twice, never
  }

  let tree: SiteTree
  private let counts = Mutex<[String: Int]>([:])
  private let sessions = Mutex(SiteRandom(seed: 7))
  /// How many URLs besides its pages are counted: more than any crawler should ask for, and not all that anybody can make up.
  private static let countedTraps = 20_000

  /// Makes a site.
  ///
  /// - Parameter pages: How many pages it has besides the traps, from 1 on.
  init(pages: Int) { tree = SiteTree(pages: pages) }

  /// Answers a request, and counts it.
  func answer(_ request: HTTPServerRequest) async throws -> HTTPServerResponse {
    if request.path == "/private/check" { return check(request) }
    let count = counts.withLock { counts in
      guard counts[request.target] != nil || counts.count < tree.count + Self.countedTraps else { return 1 }
      counts[request.target, default: 0] += 1
      return counts[request.target, default: 0]
    }
    if let number = tree.numbers[request.path], request.query == nil { return page(number) }
    switch request.path {
    case "/robots.txt": return HTTPServerResponse(text: Self.robots)
    case "/sitemap.xml":
      return HTTPServerResponse(fields: [.contentType: "application/xml"], text: Self.sitemap)
    default: return try await trap(request, count: count)
    }
  }

  // MARK: What was asked for

  /// How often each URL was asked for.
  var requests: [String: Int] { counts.withLock { $0 } }

  /// What a crawler has done wrong, in words; nothing if it has behaved.
  ///
  /// - Parameters:
  ///   - sitemaps: Whether it was to read sitemaps.
  ///   - alike: How many URLs of one shape it may ask for.
  /// - Returns: A line for each fault.
  func complaints(sitemaps: Bool = false, alike: Int) -> [String] {
    let requests = requests
    var complaints: [String] = []
    func expect(_ wish: Wish, _ target: String) {
      let count = requests[target, default: 0]
      switch (wish, count) {
      case (.once, 1), (.twice, 2), (.never, 0): break
      case (.once, _): complaints.append("\(count) times instead of once: \(target)")
      case (.twice, _): complaints.append("\(count) times instead of twice: \(target)")
      case (.never, _): complaints.append("\(count) times instead of never: \(target)")
      }
    }
    for path in tree.paths { expect(.once, path) }
    for (target, wish) in Self.wishes { expect(wish, target) }
    expect(sitemaps ? .once : .never, "/traps/only-in-sitemap/")
    for target in requests.keys where target.hasPrefix("/private/") && !target.hasPrefix("/private/open/") {
      complaints.append("forbidden by robots.txt: \(target)")
    }
    for (prefix, limit) in [
      ("/traps/calendar/", 40), ("/traps/deeper/", 5), ("/traps/filter", alike + 1), ("/traps/onward/", 12),
    ] {
      let count = requests.keys.count { $0.hasPrefix(prefix) }
      if count > limit || count == 0 {
        complaints.append("\(count) different, 1…\(limit) wanted: \(prefix)…")
      }
    }
    for (target, count) in requests
    where count > 1 && Self.wishes[target] != .twice && tree.numbers[target] == nil {
      if Self.wishes[target] == nil { complaints.append("\(count) times instead of once: \(target)") }
    }
    return complaints.sorted()
  }

  /// What there is to complain of, as text; asked for by whoever tests a crawler, with `?alike=…` and `&sitemaps=1`.
  private func check(_ request: HTTPServerRequest) -> HTTPServerResponse {
    let parameters = HTTPParameters(parsing: request.query ?? "")
    let complaints = complaints(
      sitemaps: parameters["sitemaps"] != nil, alike: parameters["alike"].flatMap { Int($0) } ?? 1000)
    let total = requests.values.reduce(0, +)
    return HTTPServerResponse(
      text: (complaints + ["\(total) requests, \(complaints.count) complaints"]).joined(separator: "\n")
        + "\n")
  }

  // MARK: Pages

  private func page(_ number: Int) -> HTTPServerResponse {
    var random = SiteRandom(seed: UInt64(number) &* 977)
    var links = ["<a href=\"/\">Home</a>", "<a href='/#top'>Top</a>", "<a href=../>Up</a>"]
    if number == 0 { links.append("<a href=\"traps/\">Traps</a> <a href=\"/private/1\">Private</a>") }
    for child in tree.children[number] {
      links.append("<a href=\"\(tree.paths[child].dropFirst(tree.paths[number].count))\">Page \(child)</a>")
    }
    for _ in 0..<4 {
      let path = tree.paths[random.below(tree.count)]
      switch random.below(5) {
      case 0: links.append("<a href=\"\(path)?utm_source=letter&amp;utm_campaign=spring\">Letter</a>")
      case 1: links.append("<A HREF='\(path)#part-\(random.below(9))'>Part</A>")
      case 2: links.append("<a href=\".\(String(repeating: "/..", count: 8))\(path)\">Around</a>")
      case 3: links.append("<a href=\"\(path.replacing("a", with: "%61", maxReplacements: 1))\">Escaped</a>")
      default: links.append("<a class=x href = \"  \(path) \" >See</a>")
      }
    }
    if number % 97 == 5 { links.append("<a href=\"/traps/missing/\(number % 3 + 1)\">Old</a>") }
    let words = String(repeating: "A page is a page. ", count: 20 + random.below(120))
    return Self.html(
      "<title>Page \(number)</title><nav>\(links.joined(separator: "\n"))</nav><p>\(words)</p>")
  }

  /// A page of HTML.
  static func html(_ body: String, fields: HTTPFields = [:]) -> HTTPServerResponse {
    var fields = fields
    fields[.contentType] = "text/html; charset=utf-8"
    return HTTPServerResponse(fields: fields, text: "<!DOCTYPE html><html>\(body)</html>")
  }

  /// A session that nobody has had.
  func newSession() -> String {
    sessions.withLock { random in
      String(random.next() | 1 << 63, radix: 16) + String(random.next() | 1 << 63, radix: 16)
    }
  }
}
