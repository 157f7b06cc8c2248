/// What became of a run that several processes share.
struct FetchRunSummary: Sendable {
  /// The name of the run.
  var name: String
  /// URLs whose response arrived with a status below 400.
  var ok = 0
  /// URLs without a response, or with a status of 400 or more.
  var failed = 0
  /// URLs that are not finished: in the queue, or with some process.
  var left = 0
  /// URLs that were given out time and again, and that no process has lived to say anything about, or could save.
  var dead = 0
  /// The first of those, and what was said about them the last time.
  var deadURLs: [(url: String, problem: String?)] = []
  /// Bytes of all bodies.
  var bytes = 0
  /// How often a URL was given out again.
  var repeated = 0
  /// How many each process has finished, by name; in alphabetical order.
  var workers: [(name: String, count: Int)] = []
  /// The most frequent errors, with how often they occurred.
  var errors: [(message: String, count: Int)] = []

  /// How many URLs are in the run.
  var total: Int { ok + failed + left + dead }

  /// Whether all were fetched with a status below 400.
  var isOK: Bool { ok == total }

  /// The last words about the run: counts, who has done how much, and below them errors and dead URLs.
  func lines(palette: Palette = .plain) -> [String] {
    var parts = [palette("\(ok) ok", .green)]
    if failed > 0 { parts.append(palette("\(failed) failed", .red)) }
    if dead > 0 { parts.append(palette("\(dead) dead", .red)) }
    if left > 0 { parts.append(palette("\(left) left", .yellow)) }
    var line = "run '\(name.printable)': \(parts.joined(separator: ", ")) of \(total); \(ByteSize(bytes))"
    if repeated > 0 { line += ", \(repeated) given out again" }
    var lines = [line]
    lines += workers.map { "  \($0.count) by \($0.name.printable)" }
    lines += errors.map { "  \($0.count) × \($0.message.printable)" }
    lines += deadURLs.map { url, problem in
      let line = "  " + palette("dead", .red) + ": \(url.printable)"
      return problem.map { "\(line) : \($0.printable)" } ?? line
    }
    if dead > deadURLs.count { lines.append("  dead: \(dead - deadURLs.count) more") }
    return lines
  }
}
