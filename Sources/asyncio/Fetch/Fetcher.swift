// Many URLs at once.
//
// Each URL is one operation of a `gather` with a limit; it reports its result itself, and never throws but for the
// cancellation that Ctrl-C brings. What has no result when all have ended was not fetched.
//
// Time: each attempt has its own, which begins when its turn has come. So attempts are made here, each by a request of its own, and
// where there are turns each exchange is timed behind them (RequestClock.swift).

import AsyncIO
import AsyncIOHTTP
import AsyncIOTLS
import HTTPTypes
import Synchronization

/// Fetches URLs concurrently and prints each result as it comes.
final class Fetcher: Sendable {
  /// How to fetch and what to do with the results.
  struct Settings: Sendable {
    /// How many to fetch at the same time.
    var limit = 10
    /// How long each attempt may take, from when it is its turn.
    var timeout: Duration = .seconds(30)
    /// Where to save the bodies, if anywhere.
    var folder: String?
    /// Whether results are printed as JSON.
    var printsJSON = false
    /// What is to be done with each URL.
    var method = HTTPRequest.Method.get
    /// Fields of each request.
    var fields: HTTPFields = [:]
    /// The body of each request.
    var body: [UInt8] = []
    /// How often a request is sent again that has failed.
    var retries = 0
    /// How many to fetch at the same time from one host; as many as from all if nil.
    var limitPerHost: Int?
    /// How many requests to begin in a second with one host; 0 for no limit.
    var rate = 0
    /// Whether redirects are followed.
    var followsRedirects = true
    /// Whom to trust over TLS, and who we are.
    var tls: TLSContext?
    /// Which requests go through which proxy.
    var proxies = HTTPProxies.environment
    /// The Unix socket that all requests go to, if it is one.
    var unixSocket: String?
    /// What is finished already, and where that is noted.
    var journal: FetchJournal?
    /// What to take the URLs from, and to put them into first, if others fetch them too.
    var queue: (any FetchQueue)?
    /// What stands in the place of the network, in tests.
    var network: [any HTTPMiddleware] = []

    /// A session that does all that, but for retries.
    var session: HTTPSession.Configuration {
      var configuration = HTTPSession.Configuration()
      configuration.timeout = timeout
      configuration.redirects = followsRedirects ? .follow() : .none
      configuration.connectionsPerHost = limitPerHost ?? max(limit, 1)
      configuration.connections = max(limit, 1)
      configuration.fields = fields
      configuration.tls = tls
      configuration.proxies = proxies
      configuration.unixSocket = unixSocket.map { .path($0) }
      // Jobs of a list have nothing to do with each other.
      configuration.cookies = nil
      if rate > 0 || limitPerHost != nil {
        var policy = HTTPPolicy()
        if rate > 0 { policy.rate = HTTPRate(rate, per: .seconds(1), burst: 1) }
        if let limitPerHost { policy.concurrency = .fixed(limitPerHost) }
        configuration.middleware = [.policy(policy), RequestClock(timeout: timeout)]
        configuration.timeout = RequestClock.unlimited
      }
      configuration.middleware += network
      return configuration
    }
  }

  private struct Job: Sendable {
    let index: Int
    let url: String
    /// Where to save the body.
    let file: String?
  }

  struct State {
    var report: FetchReport
    var bar: ProgressBar
    var isReported: [Bool]
    var start = LoopClock.now
    /// When the first ones were fetched.
    var picture: [Timeline.Bar] = []
  }

  /// How many requests are in the picture.
  private static let picturedCount = 100

  private let jobs: [Job]
  let urls: [String]
  let settings: Settings
  let state: Mutex<State>
  let display: LiveDisplay
  private let palette: Palette

  /// Makes a fetcher for `urls`.
  init(_ urls: [String], _ settings: Settings, display: LiveDisplay = .standard()) {
    self.urls = urls
    self.settings = settings
    self.display = display
    var report = FetchReport()
    // Which of a queue's are this process's turns out later.
    jobs = settings.queue != nil ? [] : Self.jobs(urls, settings, &report)
    state = Mutex(
      State(
        report: report, bar: ProgressBar(total: jobs.count),
        isReported: [Bool](repeating: false, count: urls.count)))
    palette = Terminal(descriptor: 1).palette
  }

  /// What is to be done; what an earlier run has finished is counted.
  private static func jobs(_ urls: [String], _ settings: Settings, _ report: inout FetchReport) -> [Job] {
    var names = OutputNames()
    // What is saved stays where it is, whatever stands in the list now.
    for name in settings.journal?.files ?? [] { names.reserve(name) }
    var finished = settings.journal?.finished ?? [:]
    return urls.enumerated().compactMap { index, url in
      if let problem = finished[url]?.takeProblem() {
        report.recordEarlier(problem)
        return nil
      }
      return Job(index: index, url: url, file: settings.folder.map { "\($0)/\(names.name(for: url))" })
    }
  }

  /// Fetches everything.
  ///
  /// - Returns: What became of all together, which has been printed.
  ///
  /// ## Cancellation
  /// Ends what is under way, and names what was not fetched.
  func run() async -> FetchReport {
    let start = LoopClock.now
    state.withLock { $0.start = start }
    let ticker = createTask(name: "progress bar") { [self] in
      while true {
        try await sleep(for: .milliseconds(100))
        drawBar(elapsed: start.duration(to: LoopClock.now))
      }
    }
    defer { ticker.cancel() }
    do {
      try await display.whileRead {
        if let queue = self.settings.queue {
          try await self.fetchShared(queue)
        } else {
          try await self.fetchAll()
        }
      }
    } catch is CancellationError {
      let signal = Interruption.signal
      state.withLock { $0.report.signal = signal }
    } catch {
      // No operation throws anything else; if the session cannot be made, or the queue is lost, this is why.
      state.withLock { $0.report.isBroken = true }
      display.note("asyncio: \(error)")
    }
    return finish(after: start.duration(to: LoopClock.now))
  }

  private func fetchAll() async throws {
    try await withHTTPSession(settings.session) { session in
      _ = try await gather(self.jobs, limit: self.settings.limit) { job in
        try await self.fetch(job, session)
      }
    }
  }

  private func fetch(_ job: Job, _ session: HTTPSession) async throws {
    var attempt = 1
    while true {
      let (result, pause) = try await fetch(job.url, file: job.file, session, attempt: attempt)
      guard let pause else { return report(result, ofJob: job.index) }
      attempt += 1
      try await sleep(for: pause)
    }
  }

  /// Fetches a URL, and saves its body.
  ///
  /// - Returns: What became of this attempt; and how long to wait before another, if there is to be one. Nothing is saved of what is
  ///   to be tried again.
  func fetch(
    _ url: String, file: String?, _ session: HTTPSession, attempt: Int
  ) async throws -> (result: FetchResult, pause: Duration?) {
    let start = LoopClock.now
    func result(_ outcome: FetchResult.Outcome, bytes: Int = 0, file: String? = nil) -> FetchResult {
      FetchResult(url, outcome, bytes: bytes, duration: start.duration(to: LoopClock.now), file: file)
    }
    let isLast = attempt > settings.retries
    var request: HTTPClientRequest?
    do {
      let sent = HTTPClientRequest(
        method: settings.method, url: try HTTPURL(url), body: .bytes(settings.body))
      request = sent
      let response = try await session.send(sent)
      let count = response.body.count
      let status = response.status.code
      let pause = isLast ? nil : HTTPRetry().pause(after: .success(response), of: sent, attempt: attempt)
      do {
        if let file, pause == nil { try await save(response.body, to: file) }
        return (result(.fetched(status: status), bytes: count, file: file), pause)
      } catch let error as IOError {
        // Another process of the run may have room where this one has none; without others it is for another run.
        return (
          result(.notSaved("\(error)", status: status), bytes: count),
          settings.queue == nil ? nil : .seconds(attempt)
        )
      }
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      let pause =
        isLast ? nil : request.flatMap { HTTPRetry().pause(after: .failure(error), of: $0, attempt: attempt) }
      return (result(.failed(FailureText.of(error))), pause)
    }
  }

  private func save(_ bytes: [UInt8], to file: String) async throws {
    try await withBlocking { try OutputFile.write(bytes, to: file) }
  }

  /// When the first hundred URLs were fetched.
  var timeline: Timeline {
    let (pictured, count) = state.withLock { ($0.picture, $0.report.count) }
    let bars = pictured.sorted { $0.start < $1.start }
    let shown = bars.count < count ? "the first \(bars.count) of \(count) URLs" : "\(bars.count) URLs"
    return Timeline(
      title: "asyncio fetch", runs: [Timeline.Run("\(shown), \(settings.limit) at a time", bars: bars)])
  }

  // MARK: Saying what happened

  func report(_ result: FetchResult, ofJob index: Int? = nil) {
    state.withLock { state in
      state.report.record(result)
      if let index { state.isReported[index] = true }
      if state.picture.count < Self.picturedCount, result.outcome != .notFetched {
        let end = state.start.duration(to: LoopClock.now)
        state.picture.append(
          Timeline.Bar(
            result.url, from: end - result.duration, to: end,
            outcome: result.isOK ? .ok : .failed(result.problem)))
      }
      state.bar.done += 1
      state.bar.failed = state.report.failed
      state.bar.bytes = state.report.bytes
    }
    if let journal = settings.journal, result.isFinished {
      do { try journal.append(result) } catch {
        state.withLock { $0.report.isBroken = true }
        display.note("asyncio: not in the journal: \(error)")
      }
    }
    display.print(settings.printsJSON ? result.jsonLine : result.line(palette: palette))
  }

  private func drawBar(elapsed: Duration) {
    let bar = state.withLock { state in
      state.bar.elapsed = elapsed
      return state.bar
    }
    let terminal = Terminal(descriptor: 2)
    display.update([bar.line(width: terminal.width, palette: terminal.palette)])
  }

  private func finish(after wallTime: Duration) -> FetchReport {
    for job in jobs where !state.withLock({ $0.isReported[job.index] }) {
      report(FetchResult(job.url, .notFetched), ofJob: job.index)
    }
    let report = state.withLock { state in
      state.report.wallTime = wallTime
      if display.failure != nil { state.report.isBroken = true }
      return state.report
    }
    display.finish()
    let palette = Terminal(descriptor: 2).palette
    display.note(report.summary(palette: palette).joined(separator: "\n"))
    return report
  }
}
