import AsyncIO

/// How far a crawl is, as one line: `1234 done  56 waiting  3 broken  12.3 MiB  0:42  87/s  eta 0:07`.
struct CrawlProgress: Sendable {
  private var done = 0
  private var waiting = 0
  private var broken = 0
  private var bytes = 0
  private var elapsed = Duration.zero
  private var rate = 0.0
  /// What was so some moments ago, the oldest first.
  private var past: [(elapsed: Duration, done: Int, waiting: Int)] = []

  /// How many moments are kept: with ten a second those of five seconds.
  private static let moments = 50

  /// Nothing yet.
  init() {}

  /// Takes note of how far the crawl is.
  mutating func update(_ state: Crawler.State) {
    update(
      done: state.ledger.finished - state.earlier, waiting: state.ledger.found - state.ledger.finished,
      broken: state.ledger.counts[.broken, default: 0], bytes: state.ledger.bytes,
      elapsed: state.start.duration(to: state.end ?? .now))
  }

  /// Takes note of how far the crawl is.
  mutating func update(done: Int, waiting: Int, broken: Int, bytes: Int, elapsed: Duration) {
    (self.done, self.waiting, self.broken, self.bytes, self.elapsed) = (done, waiting, broken, bytes, elapsed)
    if let oldest = past.first, elapsed > oldest.elapsed {
      rate = Double(done - oldest.done) / (elapsed - oldest.elapsed).seconds
    }
    past.append((elapsed, done, waiting))
    if past.count > Self.moments { past.removeFirst() }
  }

  /// How long the rest takes, if less and less is waiting; nil while more is found than fetched.
  var remaining: Duration? {
    guard let oldest = past.first, past.count == Self.moments, waiting > 0, oldest.waiting > waiting else {
      return nil
    }
    return (elapsed - oldest.elapsed) * waiting / (oldest.waiting - waiting)
  }

  /// The line, never wider than `width` columns; what matters least is left out first.
  func line(width: Int, palette: Palette = .plain) -> String {
    var texts = FittingTexts()
    texts.append("\(done) done", rank: 0)
    texts.append("\(waiting) waiting", rank: 1)
    if broken > 0 { texts.append(palette("\(broken) broken", .red), rank: 2) }
    texts.append(ByteSize(bytes).description, rank: 5)
    texts.append(elapsed.clockText, rank: 3)
    if rate > 0 { texts.append("\(decimal(rate, places: rate < 9.95 ? 1 : 0))/s", rank: 4) }
    if let remaining { texts.append("eta \(remaining.clockText)", rank: 6) }
    return texts.fitting(width).joined(separator: "  ").truncated(toWidth: width)
  }
}
