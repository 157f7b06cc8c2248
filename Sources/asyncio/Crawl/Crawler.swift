// A crawl: URLs are found, put into the lane of their server, fetched by the lane's workers, and what they lead to is found.
//
// Everything that is found is noted in the journal first, then put into a lane; everything that is fetched is noted before its
// item is said to be done. So a lane's queue has unfinished items as long as there is anything more to come of it, and the crawl
// is over when none has: an item puts what it leads to into lanes before it is done itself.
//
// Workers run in one task scope, on one loop. They share the ledger, behind a mutex that nobody holds across a wait. A worker that
// throws, as when the journal cannot be written, ends the crawl; what becomes of a page is a result and never thrown.

import AsyncIO
import AsyncIOHTTP
import Synchronization

/// Follows the links of a site and says what became of each URL.
final class Crawler: Sendable {
  struct State {
    var ledger = CrawlLedger()
    var lanes: [String: CrawlLane] = [:]
    /// URLs that were asked for or are about to be, in this run and in those before.
    var begun = 0
    /// Of how many URLs an earlier run has taken note.
    var earlier = 0
    /// Shapes of which there are too many URLs.
    var alike: Set<String> = []
    /// What was found before this run and is still to be fetched, by where it stands in the journal.
    var open: [Int] = []
    var start = LoopClock.now
    var end: LoopClock.Instant?
    /// The signal by which the user stopped it.
    var signal: CInt?
    /// Servers whose URLs are left for another run, as their rules could not be read.
    var leftAlone: Set<String> = []
    /// Whether something could not be noted in the journal.
    var isIncomplete = false
  }

  let settings: CrawlSettings
  let journal: CrawlJournal
  let state = Mutex(State())
  let token: String
  /// For requests that are under way.
  let permits: AsyncSemaphore
  private let display: LiveDisplay
  private let palette: Palette

  /// Makes a crawler that goes on where its journal ends.
  ///
  /// - Parameters:
  ///   - settings: What to crawl, and how.
  ///   - journal: What was found and fetched already.
  ///   - display: Where results and progress are shown.
  /// - Throws: `IOError` if the journal cannot be read or written; `CrawlJournalMismatch`.
  init(_ settings: CrawlSettings, _ journal: CrawlJournal, display: LiveDisplay = .standard()) throws {
    self.settings = settings
    self.journal = journal
    self.display = display
    permits = AsyncSemaphore(settings.limit)
    token = RobotsFile.productToken(of: settings.userAgent)
    palette = Terminal(descriptor: 1).palette
    try restore()
  }

  /// Reads what earlier runs have found.
  private func restore() throws {
    var state = State()
    var first: String?
    var places: [Int: Int] = [:]
    var copies: [Int: CrawlLedger.Copy] = [:]
    try journal.forEach { line in
      switch line {
      case .found(let entry, let place):
        first = first ?? entry.url
        places[entry.id] = place
        if entry.way == .again {
          copies[entry.id] = nil
          return state.ledger.reopen(entry.id)
        }
        _ = state.ledger.register(entry.url)
        if let url = try? HTTPURL(entry.url) { _ = state.ledger.count(shape: URLShape.pattern(of: url)) }
      case .finished(let result):
        if result.wasAskedFor { state.begun += 1 }
        if let target = result.target.flatMap(state.ledger.id(of:)), result.kind == .redirect {
          _ = state.ledger.redirect(from: result.entry.id, to: target)
        }
        let place = places.removeValue(forKey: result.entry.id) ?? 0
        for copy in state.ledger.record(result, at: place) { copies[copy.id] = copy }
      case .alike(let shape): state.alike.insert(shape)
      }
    }
    let start = CrawlURL.normalized(settings.start, keepsParameters: settings.keepsParameters).description
    if let first, first != start { throw CrawlJournalMismatch(start: first) }
    state.earlier = state.ledger.finished
    var found = try copies.values.sorted { $0.place < $1.place }.map { try again($0).entry }
    if first == nil { found.append(CrawlEntry(start, id: state.ledger.register(start).id, way: .start)) }
    state.open = try (Array(places.values) + journal.append(found)).sorted()
    let restored = state
    self.state.withLock { $0 = restored }
  }

  // MARK: Running

  /// Crawls.
  ///
  /// - Returns: What became of all together.
  /// - Throws: `IOError` when the journal cannot be written any more.
  ///
  /// ## Cancellation
  /// Ends what is under way, which is not in the journal then, and returns what was reached.
  func run() async throws -> CrawlSummary {
    state.withLock { $0.start = .now }
    defer { display.finish() }
    do {
      try await withHTTPSession(settings.session) { session in
        try await self.display.whileRead {
          try await withTaskScope { scope in try await self.crawl(Crew(session: session, scope: scope)) }
        }
      }
    } catch is CancellationError {
      let signal = Interruption.signal
      state.withLock { $0.signal = signal }
    }
    state.withLock { $0.end = .now }
    return summary
  }

  private func crawl(_ crew: Crew) async throws {
    let ticker =
      display.isLive ? crew.scope.createTask(name: "progress") { try await self.drawProgress() } : nil
    for offset in state.withLock({ $0.open.take() }) { try enqueue(offset, crew) }
    if settings.readsSitemaps { try await findSitemaps(crew) }
    while let lane = unfinishedLane { try await lane.queue.join() }
    for lane in state.withLock({ Array($0.lanes.values) }) { lane.queue.shutdown() }
    ticker?.cancel()
  }

  /// What all that fetch have in common.
  struct Crew: Sendable {
    let session: HTTPSession
    let scope: TaskScope
  }

  private var unfinishedLane: CrawlLane? {
    state.withLock { $0.lanes.values.first { $0.queue.statistics.unfinished > 0 } }
  }

  /// Puts what was found before into its lane.
  private func enqueue(_ offset: Int, _ crew: Crew) throws {
    let entry = try journal.entry(at: offset)
    do throws(HTTPURLError) {
      enqueue(try HTTPURL(entry.url), offset, crew)
    } catch {
      // Of a link that is none, whose second line was cut off with the page's.
      var result = CrawlResult(entry, .broken)
      result.problem = "is no usable URL: \(error.message)"
      try finish(Discovery(result), at: offset, crew)
    }
  }

  /// Puts what was found into the lane of its server.
  func enqueue(_ url: HTTPURL, _ offset: Int, _ crew: Crew) {
    let lane = lane(of: url)
    if lane.put(offset, workers: min(settings.limitPerHost, settings.limit)) {
      crew.scope.createTask(name: "crawl \(url.authority)") { try await self.work(lane, crew) }
    }
  }

  /// The name of a server.
  static func server(of url: HTTPURL) -> String { "\(url.scheme.rawValue)://\(url.authority)" }

  /// The lane of a server.
  func lane(of url: HTTPURL) -> CrawlLane {
    state.withLock { state in
      let server = Self.server(of: url)
      if let lane = state.lanes[server] { return lane }
      let lane = CrawlLane(url, interval: settings.rate > 0 ? .seconds(1) / settings.rate : .zero)
      state.lanes[server] = lane
      return lane
    }
  }

  private func work(_ lane: CrawlLane, _ crew: Crew) async throws {
    for await offset in lane.queue {
      // What is beyond the limit stays in the journal, for a run that goes on.
      if state.withLock({ $0.begun < settings.pages }) {
        try await visit(offset, in: lane, crew)
      }
      lane.queue.taskDone()
    }
  }

  // MARK: Saying what happened

  /// Prints a result.
  func show(_ result: CrawlResult) {
    switch settings.output {
    case .text: display.print(result.line(palette: palette))
    case .json: display.print(result.jsonLine)
    case .broken: if result.kind == .broken { display.print(result.line(palette: palette)) }
    case .nothing: break
    }
  }

  /// Says something about the crawl itself.
  func note(_ text: String) {
    if settings.output != .nothing { display.note("asyncio: \(text)") }
  }

  private func drawProgress() async throws {
    var progress = CrawlProgress()
    while true {
      try await sleep(for: .milliseconds(100))
      state.withLock { progress.update($0) }
      let terminal = Terminal(descriptor: 2)
      display.update([progress.line(width: terminal.width, palette: terminal.palette)])
    }
  }

  private var summary: CrawlSummary {
    state.withLock { state in
      CrawlSummary(
        counts: state.ledger.counts, found: state.ledger.found, earlier: state.earlier,
        bytes: state.ledger.bytes,
        wallTime: state.start.duration(to: state.end ?? .now), signal: state.signal,
        leftAlone: state.leftAlone.count, isIncomplete: state.isIncomplete || display.failure != nil)
    }
  }
}

/// A journal is that of another crawl.
struct CrawlJournalMismatch: Error, CustomStringConvertible {
  /// Where the other crawl begins.
  let start: String

  /// A sentence with what to do.
  var description: String { "it is that of a crawl of \(start); use another file for another site" }
}

extension Array {
  /// The elements, which are gone here then.
  fileprivate mutating func take() -> [Element] {
    let elements = self
    self = []
    return elements
  }
}
