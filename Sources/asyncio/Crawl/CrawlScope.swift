import AsyncIOHTTP

/// Which URLs belong to the crawl.
struct CrawlScope: Sendable {
  /// A server, by its name and its port.
  private struct Host: Hashable, Sendable {
    var name: String
    /// Nil for the default ports, so that a site may lead from http to https.
    var port: Int?

    init(_ url: HTTPURL) {
      name = url.host
      port = url.port == 80 || url.port == 443 ? nil : url.port
    }
  }

  private var hosts: Set<Host>
  private let includesSubdomains: Bool
  private let only: [RobotsPattern]
  private let except: [RobotsPattern]

  /// Makes a scope.
  ///
  /// - Parameters:
  ///   - start: Where the crawl begins; its host belongs to it.
  ///   - hosts: Further hosts, each perhaps with a port.
  ///   - includesSubdomains: Whether hosts below these belong to it too.
  ///   - only: Patterns as in robots.txt, one of which a path must match if there are any.
  ///   - except: Patterns that no path may match.
  /// - Throws: `HTTPURLError` for a host that is none.
  init(
    start: HTTPURL, hosts: [String] = [], includesSubdomains: Bool = false, only: [String] = [],
    except: [String] = []
  ) throws(HTTPURLError) {
    self.hosts = [Host(start)]
    for host in hosts { self.hosts.insert(Host(try HTTPURL("\(start.scheme.rawValue)://\(host)/"))) }
    self.includesSubdomains = includesSubdomains
    self.only = only.map { RobotsPattern($0) }
    self.except = except.map { RobotsPattern($0) }
  }

  /// Whether the server of a URL is one of those that are crawled.
  func hasHost(of url: HTTPURL) -> Bool {
    var host = Host(url)
    if hosts.contains(host) { return true }
    guard includesSubdomains else { return false }
    while let dot = host.name.firstIndex(of: ".") {
      host.name = String(host.name[host.name.index(after: dot)...])
      if hosts.contains(host) { return true }
    }
    return false
  }

  /// Whether the patterns let a URL through.
  func hasPath(of url: HTTPURL) -> Bool {
    if only.isEmpty, except.isEmpty { return true }
    let path = RobotsPattern.normalized(path: url.requestTarget)
    return (only.isEmpty || only.contains { $0.matches(path) }) && !except.contains { $0.matches(path) }
  }
}
