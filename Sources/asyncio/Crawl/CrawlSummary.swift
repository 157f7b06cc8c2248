/// What became of a crawl as a whole.
struct CrawlSummary: Sendable, Equatable {
  /// What came of the URLs, by kinds, in this run and in those before.
  var counts: [CrawlResult.Kind: Int]
  /// How many URLs are known.
  var found: Int
  /// How many of them earlier runs have dealt with.
  var earlier: Int
  /// Bytes of all bodies.
  var bytes: Int
  /// From the beginning to the end of this run.
  var wallTime: Duration
  /// The signal by which the user stopped it.
  var signal: CInt?
  /// How many servers were left alone, as their rules could not be read.
  var leftAlone = 0
  /// Whether results could not be printed or noted.
  var isIncomplete = false

  /// How many URLs were dealt with.
  var finished: Int { counts.values.reduce(0, +) }
  /// How many URLs are still to be fetched.
  var waiting: Int { found - finished }

  /// 0 when nothing is broken; 1 when something is, a server could not be crawled, or results are lost; when the user stopped it,
  /// what a shell says of a program that the signal ended, such as 130 for SIGINT.
  var exitStatus: Int32 {
    if let signal { return 128 + signal }
    return counts[.broken, default: 0] > 0 || leftAlone > 0 || isIncomplete ? 1 : 0
  }

  /// The last words.
  ///
  /// - Parameters:
  ///   - journal: Where a journal is kept, if one is.
  ///   - palette: Colours, or none.
  /// - Returns: A line of counts, and what there is to say besides.
  func lines(journal: String?, palette: Palette = .plain) -> [String] {
    var parts = ["\(counts[.page, default: 0]) pages"]
    let names: [(CrawlResult.Kind, String, Palette.Style)] = [
      (.file, "files", .dim), (.duplicate, "copies", .dim), (.redirect, "redirects", .cyan),
      (.broken, "broken", .red), (.excluded, "excluded by robots.txt", .yellow),
    ]
    for (kind, name, style) in names {
      if let count = counts[kind], count > 0 { parts.append(palette("\(count) \(name)", style)) }
    }
    var line = parts.joined(separator: ", ") + "; \(ByteSize(bytes)) in \(wallTime.text)"
    let here = finished - earlier
    if earlier > 0 { line += ", \(here) URLs of \(finished) in this run" }
    if wallTime > .zero, here > 0 {
      let rate = Double(here) / wallTime.seconds
      line += ", \(decimal(rate, places: rate < 9.95 ? 1 : 0)) URLs/s"
    }
    var lines = [line]
    if let signal { lines.insert(palette(Interruption.word(for: signal), .yellow), at: 0) }
    if leftAlone > 0 {
      lines.append(
        palette(
          leftAlone == 1
            ? "1 server was left alone, as its robots.txt cannot be read"
            : "\(leftAlone) servers were left alone, as their robots.txt cannot be read", .red))
    }
    if waiting > 0 {
      lines.append(
        "\(waiting) URLs that were found are not fetched yet; "
          + (journal.map { "the same command goes on with them, as they are in \($0)" }
            ?? "with --journal another run would go on with them"))
    }
    return lines
  }
}
