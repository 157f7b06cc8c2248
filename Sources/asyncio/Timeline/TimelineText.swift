/// A timeline drawn with block characters, for a terminal.
struct TimelineText {
  /// What to draw.
  let timeline: Timeline
  /// Columns that no line exceeds, where there are at least about 30.
  let width: Int
  /// Colours, or none.
  let palette: Palette

  private static let failedGlyph = "▒"
  private static let cancelledGlyph = "░"
  private static let runStyles: [Palette.Style] = [.yellow, .cyan, .blue, .green]

  /// A drawing of `timeline` in `width` columns.
  init(_ timeline: Timeline, width: Int, palette: Palette = .plain) {
    self.timeline = timeline
    self.width = width
    self.palette = palette
  }

  /// The drawing, line by line.
  var lines: [String] {
    let columns = columns
    let axis = TimeAxis(upTo: timeline.total, maximumIntervals: columns.plot / 10)
    var lines = [palette(timeline.title.printable.truncated(toWidth: width), .bold)]
    for (index, run) in timeline.runs.enumerated() {
      lines += ["", header(of: run, index: index)]
      lines += run.bars.map { line(for: $0, style: Self.runStyles[index % 4], axis: axis, columns: columns) }
    }
    lines += ["", axisLine(axis, columns: columns)]
    lines += [legend, conclusion].compactMap { $0 }
    return lines.map { $0.truncated(toWidth: width) }
  }

  /// Columns for the labels, the bars and the durations; two spaces lie between.
  private struct Columns {
    var label: Int
    var plot: Int
    var duration: Int
  }

  private var columns: Columns {
    let bars = timeline.runs.flatMap(\.bars)
    let duration = bars.reduce(0) { max($0, durationText(of: $1).displayWidth) }
    let longest = bars.reduce(0) { max($0, $1.label.printable.displayWidth) }
    let label = min(longest, max(6, width / 3))
    return Columns(label: label, plot: max(8, width - label - duration - 4), duration: duration)
  }

  private func header(of run: Timeline.Run, index: Int) -> String {
    let total = run.total.text
    let name = run.name.printable.truncated(toWidth: max(1, width - total.displayWidth - 2))
    let gap = String(repeating: " ", count: max(2, width - name.displayWidth - total.displayWidth))
    return palette(name, .bold, Self.runStyles[index % 4]) + gap + palette(total, .bold)
  }

  private func line(for bar: Timeline.Bar, style: Palette.Style, axis: TimeAxis, columns: Columns) -> String {
    let label = bar.label.printable.truncated(toWidth: columns.label, at: .middle).padded(
      toWidth: columns.label)
    let drawn = draw(bar, style: style, axis: axis, cells: columns.plot)
    let duration = durationText(of: bar).padded(toWidth: columns.duration, alignment: .trailing)
    return "\(label)  \(drawn)  \(palette(duration, isFailed(bar.outcome) ? .red : .dim))"
  }

  private func draw(_ bar: Timeline.Bar, style: Palette.Style, axis: TimeAxis, cells: Int) -> String {
    let span = BlockBar.span(from: axis.position(of: bar.start), to: axis.position(of: bar.end), cells: cells)
    switch bar.outcome {
    case .ok: return palette(span, style)
    case .failed: return palette(String(span.map { $0 == " " ? $0 : Character(Self.failedGlyph) }), .red)
    case .cancelled:
      return palette(String(span.map { $0 == " " ? $0 : Character(Self.cancelledGlyph) }), .dim)
    }
  }

  private func durationText(of bar: Timeline.Bar) -> String {
    switch bar.outcome {
    case .ok: return bar.duration.text
    case .failed: return "✗ " + bar.duration.text
    case .cancelled: return "– " + bar.duration.text
    }
  }

  /// The tick labels, each beginning at its place; one that has no room is left out.
  private func axisLine(_ axis: TimeAxis, columns: Columns) -> String {
    var line = String(repeating: " ", count: columns.label + 2)
    for tick in axis.ticks {
      let place = columns.label + 2 + Int((tick.position * Double(columns.plot)).rounded())
      let text = "╵" + tick.label
      guard place >= line.count, place + text.count <= width else { continue }
      line = line.padded(toWidth: place) + text + " "
    }
    while line.last == " " { line.removeLast() }
    return palette(line, .dim)
  }

  private var legend: String? {
    let outcomes = timeline.outcomes
    let failed = outcomes.contains(where: isFailed)
    let parts = [
      failed ? palette(Self.failedGlyph + " failed", .red) : nil,
      outcomes.contains(.cancelled) ? palette(Self.cancelledGlyph + " cancelled", .dim) : nil,
    ].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: "  ")
  }

  private func isFailed(_ outcome: Timeline.Outcome) -> Bool {
    if case .failed = outcome { true } else { false }
  }

  private var conclusion: String? {
    guard let last = timeline.runs.last, let factor = timeline.speedUpText else { return nil }
    return palette("\(last.name.printable): \(factor) as fast", .bold)
  }
}
