import AsyncIO
import AsyncIOHTTP

// Sitemaps (sitemaps.org): those that robots.txt names, or the one where it usually is.

extension CrawlEntry {
  /// Whether nobody has said that it is there.
  var isGuess: Bool { way == .sitemap && referrer == nil }
}

extension Crawler {
  /// Finds the sitemaps of the server with which the crawl begins.
  func findSitemaps(_ crew: Crew) async throws {
    let start = settings.start
    let named = try await rules(of: lane(of: start), crew).sitemaps
    var discovery = Discovery(CrawlResult(CrawlEntry("", id: 0, way: .sitemap), .file))
    for name in named.isEmpty ? ["/sitemap.xml"] : named {
      guard let url = try? start.resolve(name) else { continue }
      _ = accept(url, from: discovery.result.entry, .sitemap, depth: 0, &discovery)
    }
    for index in discovery.found.indices {
      discovery.found[index].entry.referrer =
        named.isEmpty ? nil : try start.resolve("/robots.txt").description
    }
    let offsets = try journal.append(discovery.found.map(\.entry))
    for (found, offset) in zip(discovery.found, offsets) {
      if let url = found.url { enqueue(url, offset, crew) }
    }
  }

  /// Finds what a sitemap lists: pages, or sitemaps.
  ///
  /// It may be a file in gzip.
  func readSitemap(_ body: [UInt8], of entry: CrawlEntry, at url: HTTPURL, _ discovery: inout Discovery) {
    var text = body
    if body.starts(with: [0x1F, 0x8B]) {
      do { text = try HTTPInflater(.gzip).inflate(body, isLast: true, limit: settings.size) } catch {
        discovery.result.kind = .broken
        discovery.result.problem = "is compressed, and damaged or larger than \(ByteSize(settings.size))"
        return
      }
    }
    let sitemap = Sitemap(text)
    var links: [Int] = []
    for location in sitemap.locations {
      guard let target = try? url.resolve(location) else { continue }
      let way: CrawlEntry.Way = sitemap.isIndex ? .sitemap : .listed
      if let id = accept(target, from: entry, way, depth: entry.depth + 1, &discovery) { links.append(id) }
    }
    discovery.result.links = links
  }
}
