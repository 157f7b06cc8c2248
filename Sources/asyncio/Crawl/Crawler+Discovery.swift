import AsyncIO
import AsyncIOHTTP
import Synchronization

/// What one answer has led to.
struct Discovery {
  /// A URL that nobody knew.
  struct Found {
    /// What is to be written down.
    var entry: CrawlEntry
    /// What is to be fetched; nil for what is no URL.
    var url: HTTPURL?
  }

  /// What came of the URL itself.
  var result: CrawlResult
  /// What was found, in its order.
  var found: [Found] = []
  /// What was found and is no URL to which a request can be sent.
  var unusable: [CrawlResult] = []

  /// Nothing yet but a result.
  init(_ result: CrawlResult) { self.result = result }
}

// From an answer to the URLs that it leads to.

extension Crawler {
  /// Says what an answer is, and what it leads to.
  func discover(
    _ answer: CrawlAnswer, of entry: CrawlEntry, at url: HTTPURL, after duration: Duration
  ) async throws -> Discovery {
    var result = CrawlResult(entry, .file)
    (result.status, result.type, result.bytes) = (answer.status, answer.type, answer.bytes)
    result.duration = duration
    var discovery = Discovery(result)
    if answer.status >= 400 {
      discovery.result.kind = entry.isGuess ? .file : .broken
    } else if let location = answer.location {
      followRedirect(to: location, of: entry, at: url, &discovery)
    } else if (301..<400).contains(answer.status), !entry.isGuess {
      // But for 300, which may offer a choice in its body.
      discovery.result.kind = .broken
      discovery.result.problem = "redirects to nowhere"
    } else if let body = answer.body {
      if entry.way == .sitemap {
        readSitemap(body, of: entry, at: url, &discovery)
      } else if answer.type != nil || PageLinks.looksLikeHTML(body) {
        discovery.result.kind = .page
        let page = try await read(body, answer)
        followLinks(of: page, answer, of: entry, at: url, &discovery)
      }
    }
    return discovery
  }

  private func followRedirect(
    to location: String, of entry: CrawlEntry, at url: HTTPURL, _ discovery: inout Discovery
  ) {
    discovery.result.kind = .redirect
    guard let target = try? url.resolve(PageLinks.trimmed(location)) else {
      discovery.result.kind = .broken
      discovery.result.problem = "redirects to '\(location.printable)', which is no usable URL"
      return
    }
    discovery.result.target =
      CrawlURL.normalized(target, keepsParameters: settings.keepsParameters).description
    guard entry.hops < settings.hops else {
      discovery.result.kind = .broken
      discovery.result.problem = "comes after \(settings.hops) redirects"
      return
    }
    // A picture or a sitemap stays one.
    let way = entry.way == .asset || entry.way == .sitemap ? entry.way : .redirect
    let id = accept(target, from: entry, way, depth: entry.depth, hops: entry.hops + 1, &discovery)
    if let id { discovery.result.links = [id] }
  }

  /// Reads a page; a large one beside the loop, which goes on meanwhile.
  private func read(_ body: [UInt8], _ answer: CrawlAnswer) async throws -> PageLinks {
    let (token, withAssets) = (token, settings.withAssets)
    var page =
      body.count < 256 * 1024
      ? PageLinks(body, token: token, withAssets: withAssets)
      : try await withCompute { PageLinks(body, token: token, withAssets: withAssets) }
    if answer.robotsTags.contains(where: { PageLinks.isNoFollow(robotsTag: $0, token: token) }) {
      page.refuseFollowing()
    }
    return page
  }

  private func followLinks(
    of page: PageLinks, _ answer: CrawlAnswer, of entry: CrawlEntry, at url: HTTPURL,
    _ discovery: inout Discovery
  ) {
    let base = page.base.flatMap { try? url.resolve($0) } ?? url
    if let canonical = page.canonical ?? PageLinks.canonical(inFields: answer.links),
      !settings.ignoresCanonical, entry.way != .again, isCopy(of: canonical, base, entry, &discovery)
    {
      return
    }
    if page.noFollowCount > 0 { discovery.result.leftOut[.nofollow] = page.noFollowCount }
    var links: [Int] = []
    var known: Set<Int> = []
    for link in page.links where !link.reference.isEmpty {
      let id: Int?
      do {
        id = accept(
          try base.resolve(link.reference), from: entry, link.isPage ? .link : .asset, depth: entry.depth + 1,
          &discovery)
      } catch {
        id = refuse(link.reference, error, from: entry, &discovery)
      }
      if let id, id != entry.id, known.insert(id).inserted { links.append(id) }
    }
    discovery.result.links = links
  }

  /// Whether a page is a copy of another one that is fetched instead.
  private func isCopy(
    of canonical: String, _ base: HTTPURL, _ entry: CrawlEntry, _ discovery: inout Discovery
  ) -> Bool {
    guard let url = try? base.resolve(canonical) else { return false }
    let original = CrawlURL.normalized(url, keepsParameters: settings.keepsParameters)
    guard original.description != entry.url else { return false }
    var trial = discovery
    guard let id = accept(original, from: entry, .canonical, depth: entry.depth, &trial),
      // Of two that call each other the original, the second one is.
      state.withLock({ $0.ledger.end(of: id, for: entry.id) }) != nil
    else { return false }
    discovery = trial
    discovery.result.kind = .duplicate
    discovery.result.target = original.description
    discovery.result.links = [id]
    return true
  }

  // MARK: Accepting and refusing

  /// Gives a URL its number, if it belongs to the crawl.
  ///
  /// - Returns: The number; nil if it is left out, which is noted in the result.
  func accept(
    _ url: HTTPURL, from entry: CrawlEntry, _ way: CrawlEntry.Way, depth: Int, hops: Int = 0,
    _ discovery: inout Discovery
  ) -> Int? {
    let url = CrawlURL.normalized(url, keepsParameters: settings.keepsParameters)
    let text = url.description
    func leave(_ reason: LeftOut) -> Int? {
      discovery.result.leftOut[reason, default: 0] += 1
      return nil
    }
    guard settings.scope.hasHost(of: url) else { return leave(.elsewhere) }
    if let id = state.withLock({ $0.ledger.id(of: text) }) { return id }
    guard settings.scope.hasPath(of: url) else { return leave(.filtered) }
    guard text.utf8.count <= settings.urlLength else { return leave(.long) }
    guard !URLShape.isRepeating(url.path) else { return leave(.circular) }
    guard depth <= settings.depth else { return leave(.deep) }
    let shape = URLShape.pattern(of: url)
    let count = state.withLock { $0.ledger.count(shape: shape) }
    guard count <= settings.alike else {
      noteAlike(shape)
      return leave(.alike)
    }
    let id = state.withLock { $0.ledger.register(text).id }
    let found = CrawlEntry(text, id: id, depth: depth, hops: hops, referrer: entry.url, way: way)
    discovery.found.append(Discovery.Found(entry: found, url: url))
    return id
  }

  /// Takes note of a link that leads nowhere.
  ///
  /// - Returns: Its number; nil if it is meant for another program than a crawler.
  private func refuse(
    _ reference: String, _ error: HTTPURLError, from entry: CrawlEntry, _ discovery: inout Discovery
  ) -> Int? {
    guard error.code != .unsupportedScheme else { return nil }
    let text = String(error.url.prefix(settings.urlLength))
    let (id, isNew) = state.withLock { $0.ledger.register(text) }
    guard isNew else { return id }
    let found = CrawlEntry(text, id: id, depth: entry.depth + 1, referrer: entry.url, way: .link)
    var result = CrawlResult(found, .broken)
    result.problem = "is no usable URL: \(error.message)"
    discovery.found.append(Discovery.Found(entry: found, url: nil))
    discovery.unusable.append(result)
    return id
  }

  private func noteAlike(_ shape: String) {
    guard state.withLock({ $0.alike.insert(shape).inserted }) else { return }
    note("more than \(settings.alike) URLs are like \(shape.printable); the others are left out (--alike)")
    do { try journal.append(trap: shape) } catch {
      state.withLock { $0.isIncomplete = true }
      note("not in the journal: \(error)")
    }
  }
}
