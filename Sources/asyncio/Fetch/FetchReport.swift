/// What became of all URLs together.
///
/// It counts, and keeps no results: there may be millions.
struct FetchReport: Sendable, Equatable {
  /// URLs whose response arrived with a status below 400.
  private(set) var ok = 0
  /// URLs without a response, with a status of 400 or more, or whose body was not saved.
  private(set) var failed = 0
  /// URLs that were not tried, or not to their end.
  private(set) var notFetched = 0
  /// URLs that an earlier run has finished, as its journal says.
  var earlier = 0
  /// How many of those have failed.
  private(set) var earlierFailed = 0
  /// Bytes of all bodies.
  private(set) var bytes = 0
  /// Whether it ended before its time, by an error that is not one of a URL.
  var isBroken = false
  /// The signal by which the user stopped it.
  var signal: CInt?
  /// From the beginning to the end of all.
  var wallTime = Duration.zero

  /// How often each error occurred.
  private var errors: [String: Int] = [:]

  /// How many different errors the summary names.
  private static let namedErrors = 10

  /// A report on nothing yet.
  init() {}

  /// Counts a result.
  mutating func record(_ result: FetchResult) {
    bytes += result.bytes
    if result.isOK {
      ok += 1
    } else if result.outcome == .notFetched {
      notFetched += 1
    } else {
      failed += 1
      note(result.problem)
    }
  }

  /// Counts what an earlier run has finished.
  ///
  /// - Parameter problem: What went wrong; empty if nothing did.
  mutating func recordEarlier(_ problem: String) {
    earlier += 1
    guard !problem.isEmpty else { return }
    earlierFailed += 1
    note(problem)
  }

  private mutating func note(_ problem: String) { errors[problem.printable, default: 0] += 1 }

  /// How many URLs have a result.
  var count: Int { ok + failed + notFetched }

  /// 0 when all went well, now and before, 1 when something did not; when the user stopped it, what a shell says of a program that
  /// the signal ended, such as 130 for SIGINT.
  var exitStatus: Int32 {
    if let signal { return 128 + signal }
    return failed + earlierFailed + notFetched > 0 || isBroken ? 1 : 0
  }

  /// Requests that ended, in a second of wall time; `nil` where no time passed.
  var requestsPerSecond: Double? {
    wallTime > .zero ? Double(ok + failed) / wallTime.seconds : nil
  }

  /// The errors, the most frequent first.
  var errorGroups: [(message: String, count: Int)] {
    errors.map { (message: $0.key, count: $0.value) }
      .sorted { ($1.count, $0.message) < ($0.count, $1.message) }
  }

  /// The last words: counts, bytes, time and rate, and below them the errors in groups.
  func summary(palette: Palette = .plain) -> [String] {
    var parts = [palette("\(ok) ok", .green)]
    if failed > 0 { parts.append(palette("\(failed) failed", .red)) }
    if earlier > 0 {
      let failed = earlierFailed > 0 ? palette(" (\(earlierFailed) failed)", .red) : ""
      parts.append("\(earlier) before" + failed)
    }
    if notFetched > 0 { parts.append(palette("\(notFetched) not fetched", .yellow)) }
    var line = parts.joined(separator: ", ") + "; \(ByteSize(bytes)) in \(wallTime.text)"
    if let rate = requestsPerSecond, ok + failed > 0 {
      line += ", \(decimal(rate, places: rate < 9.95 ? 1 : 0)) requests/s"
    }
    let groups = errorGroups
    var lines = [line] + groups.prefix(Self.namedErrors).map { "  \($0.count) × \($0.message)" }
    let rest = groups.dropFirst(Self.namedErrors)
    if !rest.isEmpty {
      lines.append("  \(rest.reduce(0) { $0 + $1.count }) × other errors, of \(rest.count) kinds")
    }
    return signal.map { [palette(Interruption.word(for: $0), .yellow)] + lines } ?? lines
  }
}
