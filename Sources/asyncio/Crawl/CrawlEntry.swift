import AsyncIOHTTP

/// A URL that was found and is to be fetched.
struct CrawlEntry: Sendable, Equatable {
  /// How it was found.
  enum Way: String, Sendable {
    /// The crawl begins with it.
    case start
    /// A page links to it.
    case link
    /// A page is made with it: a picture, a style sheet.
    case asset
    /// A redirect leads to it.
    case redirect
    /// A page says that it is a copy of it.
    case canonical
    /// It was a copy of what turned out to lead to nothing, or back to it: so it is read, whatever it says of itself.
    case again
    /// It is a sitemap.
    case sitemap
    /// A sitemap lists it.
    case listed
  }

  /// The URL, in its one form.
  var url: String
  /// Its number: the first one that is found has 0.
  var id: Int
  /// How many links lead to it from the start.
  var depth: Int
  /// How many redirects one after another have led to it.
  var hops: Int
  /// The page on which it was found first.
  var referrer: String?
  /// How it was found.
  var way: Way

  /// A URL that was found.
  init(_ url: String, id: Int, depth: Int = 0, hops: Int = 0, referrer: String? = nil, way: Way) {
    self.url = url
    self.id = id
    self.depth = depth
    self.hops = hops
    self.referrer = referrer
    self.way = way
  }

  /// Reads an entry from a line of a journal; nil if the line is about something else.
  init?(_ line: JSONLine) {
    guard let url = line.string("found"), let id = line.integer("id"), let depth = line.integer("depth"),
      let way = line.string("way").flatMap(Way.init(rawValue:))
    else { return nil }
    self.init(
      url, id: id, depth: depth, hops: line.integer("hops") ?? 0, referrer: line.string("referrer"), way: way)
  }

  /// The entry as a line of a journal.
  var journalLine: String {
    JSONText.object([
      ("found", .string(url)), ("id", .integer(id)), ("depth", .integer(depth)), ("hops", .integer(hops)),
      ("referrer", JSONText(referrer)), ("way", .string(way.rawValue)),
    ])
  }
}
