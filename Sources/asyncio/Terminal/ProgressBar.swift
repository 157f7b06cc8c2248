/// How far a piece of work is, as one line: `[████▋     ] 12/40  3 failed  1.2 MiB  0:03  4.0/s  eta 0:07`.
struct ProgressBar: Sendable, Equatable {
  /// How many pieces there are.
  var total: Int
  /// How many are done, the failed ones among them.
  var done = 0
  /// How many failed.
  var failed = 0
  /// How many bytes came in.
  var bytes = 0
  /// How long it has been going on.
  var elapsed = Duration.zero

  private static let shortestBar = 10
  private static let longestBar = 40

  /// Work of `total` pieces, none of them done.
  init(total: Int) {
    self.total = total
  }

  /// How many are done in a second; `nil` when that is unknown.
  var rate: Double? {
    done > 0 && elapsed > .zero ? Double(done) / elapsed.seconds : nil
  }

  /// How long the rest takes if it goes on as until now; `nil` when that is unknown or nothing is left.
  var remaining: Duration? {
    guard done > 0, done < total else { return nil }
    return elapsed / done * (total - done)
  }

  /// The line, never wider than `width` columns; what matters least is left out first.
  func line(width: Int, palette: Palette = .plain) -> String {
    let texts = texts(forWidth: width, palette: palette)
    let text = texts.joined(separator: "  ")
    let cells = min(width - text.displayWidth - 3, Self.longestBar)
    guard cells >= Self.shortestBar else { return text }
    let style: Palette.Style = failed > 0 ? .yellow : .green
    return "[" + palette(BlockBar.filled(fraction, cells: cells), style) + "] " + text
  }

  private var fraction: Double {
    total > 0 ? Double(done) / Double(total) : 1
  }

  /// As many texts as fit beside the shortest bar, or without a bar as many as fit.
  private func texts(forWidth width: Int, palette: Palette) -> [String] {
    var texts = FittingTexts()
    texts.append("\(done)/\(total)", rank: 0)
    if failed > 0 { texts.append(palette("\(failed) failed", .red), rank: 1) }
    texts.append(ByteSize(bytes).description, rank: 3)
    texts.append(elapsed.clockText, rank: 2)
    if let rate { texts.append("\(decimal(rate, places: rate < 9.95 ? 1 : 0))/s", rank: 5) }
    if let remaining { texts.append("eta \(remaining.clockText)", rank: 4) }
    let kept = texts.fitting(width - Self.shortestBar - 3)
    if kept.joined(separator: "  ").displayWidth <= width { return kept }
    return [(decimal((fraction * 100).rounded(.down), places: 0) + "%").truncated(toWidth: width)]
  }
}
