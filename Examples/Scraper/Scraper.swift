import AsyncIO
import AsyncIOHTTP
import Foundation
import Synchronization

/// What is known of a page.
struct Page: Codable, Sendable, Equatable {
  var url: String
  var title: String?
  var links: Int = 0
  var error: String?
}

/// Follows the links of a site, politely: few at a time, not too often, every page once, and never to another host.
///
/// Pages to be read stand in a queue that workers take from; what they find they put into it. When the last page has been read, `join` returns and the queue is
/// shut down, which ends the workers.
struct Scraper: Sendable {
  let session: HTTPSession
  var workers = 4
  var maximumPages = 1000

  /// A session that is polite to each host.
  static var configuration: HTTPSession.Configuration {
    var policy = HTTPPolicy(concurrency: .fixed(4), retry: HTTPRetry())
    policy.rate = HTTPRate(20, per: .seconds(1))
    var configuration = HTTPSession.Configuration()
    configuration.userAgent = "asyncio-example-scraper"
    configuration.maximumBodySize = 1 << 20
    configuration.timeout = .seconds(10)
    configuration.middleware = [.policy(policy)]
    return configuration
  }

  /// Reads the site that begins with `start`; each page is told to `onPage` when it has been read.
  func scrape(_ start: HTTPURL, onPage: @escaping @Sendable (Page) async throws -> Void) async throws {
    let frontier = try Frontier(start, maximum: maximumPages)
    try await withTaskScope { scope in
      for number in 1...workers {
        scope.createTask(name: "worker \(number)") {
          for await url in frontier.queue {
            let (page, links) = try await read(url)
            for link in links { try frontier.add(link) }
            try await onPage(page)
            frontier.queue.taskDone()
          }
        }
      }
      try await frontier.queue.join()
      frontier.queue.shutdown()
    }
  }

  /// Reads one page; what goes wrong with it is a part of the result.
  private func read(_ url: HTTPURL) async throws -> (page: Page, links: [HTTPURL]) {
    var page = Page(url: url.description)
    do {
      let response = try await session.get(url).raiseForStatus()
      let text = response.text
      page.title = text.firstMatch(of: /<title>([^<]*)<\/title>/).map { String($0.output.1) }
      let links = text.matches(of: /href="([^"#]*)/).compactMap {
        try? response.url.resolve(String($0.output.1))
      }
      page.links = links.count
      return (page, links)
    } catch let error where !(error is CancellationError) {
      page.error = "\(error)"
      return (page, [])
    }
  }
}

/// The pages that are to be read, each of them once.
final class Frontier: Sendable {
  let queue = AsyncQueue<HTTPURL>()
  private let host: String
  private let maximum: Int
  private let seen: Mutex<Set<HTTPURL>>

  init(_ start: HTTPURL, maximum: Int) throws {
    host = start.authority
    self.maximum = maximum
    seen = Mutex([start])
    _ = try queue.tryPut(start)
  }

  /// Puts a page into the queue if it is of this host, new, and not one too many.
  func add(_ url: HTTPURL) throws {
    guard url.authority == host else { return }
    let isNew = seen.withLock { seen in seen.count < maximum && seen.insert(url).inserted }
    if isNew { _ = try queue.tryPut(url) }
  }
}
