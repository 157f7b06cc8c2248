extension TimelineSVG {
  /// One run: its name and total, and a row for each bar.
  func panel(_ index: Int) -> String {
    let run = timeline.runs[index]
    let frame = layout.panels[index]
    let bottom = frame.top + frame.height
    let left = layout.plotX - 8
    var lines = [
      rectangle(
        "bar\(index % Self.accentCount)", x: Layout.margin, y: frame.top - 23, width: 11, height: 11,
        radius: 3),
      element("text", "name", x: Layout.margin + 19, y: frame.top - 13, run.name.truncated(toWidth: 80)),
      element("text", "total end", x: layout.right, y: frame.top - 13, run.total.text),
      rectangle(
        "panel", x: left, y: frame.top, width: layout.plotRight + 8 - left, height: frame.height, radius: 8),
    ]
    if run.bars.isEmpty {
      let baseline = frame.top + frame.height / 2 + 4
      lines.append(element("text", "subtitle", x: layout.plotX, y: baseline, "nothing ran"))
    } else {
      lines += layout.axis.ticks.map {
        vertical("grid", x: layout.x($0.position), from: frame.top, to: bottom)
      }
      let style = "limit line\(index % Self.accentCount)"
      lines.append(vertical(style, x: layout.x(run.total), from: frame.top, to: bottom))
    }
    lines.append(saving(index))
    for (row, bar) in run.bars.enumerated() {
      lines.append(
        self.row(bar, centre: frame.top + Layout.panelPadding + (Double(row) + 0.5) * layout.rowHeight, index)
      )
    }
    return lines.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  /// Label, bar and duration of one piece of work.
  private func row(_ bar: Timeline.Bar, centre: Double, _ index: Int) -> String {
    let baseline = centre + layout.fontSize * 0.35
    let start = layout.x(bar.start)
    let width = max(2, layout.x(bar.end) - start)
    let style: String
    let mark: String
    switch bar.outcome {
    case .ok: (style, mark) = ("bar\(index % Self.accentCount)", "")
    case .failed: (style, mark) = ("failed", "✗ ")
    case .cancelled: (style, mark) = ("cancelled", "– ")
    }
    let label = bar.label.printable.truncated(toWidth: Layout.longestLabel, at: .middle)
    let shape = rectangle(
      style, x: min(start, layout.plotRight - 2), y: centre - layout.barHeight / 2, width: width,
      height: layout.barHeight, radius: min(4, width / 2, layout.barHeight / 3))
    let size = " style=\"font-size:\(number(layout.fontSize))px\""
    return """
      <g\(size)><title>\(tooltip(of: bar).xmlEscaped)</title>
      \(element("text", "label", x: Layout.margin, y: baseline, label))
      \(shape)\(message(of: bar, start: start, end: start + width, baseline: baseline))
      \(element("text", "time end\(style == "failed" ? " notable" : "")", x: layout.right, y: baseline, mark + bar.duration.text))
      </g>
      """
  }

  private func tooltip(of bar: Timeline.Bar) -> String {
    let times = "\(bar.label): from \(bar.start.text) to \(bar.end.text)"
    switch bar.outcome {
    case .ok: return times
    case .failed(let message): return "\(times), failed: \(message)"
    case .cancelled: return "\(times), cancelled"
    }
  }

  /// Why a bar failed, on the side of it where there is more room.
  private func message(of bar: Timeline.Bar, start: Double, end: Double, baseline: Double) -> String {
    guard case .failed(let message) = bar.outcome else { return "" }
    let (before, after) = (start - layout.plotX, layout.plotRight - end)
    let columns = Int((max(before, after) - 8) / (layout.fontSize * Layout.columnWidth))
    guard columns >= 8 else { return "" }
    let text = message.printable.truncated(toWidth: columns)
    return "\n"
      + (after >= before
        ? element("text", "message", x: end + 6, y: baseline, text)
        : element("text", "message end", x: start - 6, y: baseline, text))
  }

  /// The time that a run took less than the first one, as an arrow in the empty part of its panel.
  private func saving(_ index: Int) -> String {
    guard index > 0, let first = timeline.runs.first else { return "" }
    let run = timeline.runs[index]
    // Messages of failed bars may be where the arrow would go.
    guard !run.bars.isEmpty, run.bars.allSatisfy({ $0.outcome == .ok }) else { return "" }
    let (from, to) = (layout.x(run.total) + 8, layout.x(first.total) - 2)
    let text = "\((first.total - run.total).text) saved"
    let half = Double(text.count) * 12 * Layout.columnWidth / 2 + 8
    guard to - from > half * 2 + 40 else { return "" }
    let frame = layout.panels[index]
    let (middle, y) = ((from + to) / 2, frame.top + frame.height / 2)
    func arrow(from: Double, to: Double) -> String {
      let back = from < to ? to - 6 : to + 6
      return """
        <path class="arrow" d="M\(number(from)) \(number(y))H\(number(to))M\(number(back)) \(number(y - 4))\
        L\(number(to)) \(number(y))L\(number(back)) \(number(y + 4))"/>
        """
    }
    return [
      arrow(from: middle - half, to: from), arrow(from: middle + half, to: to),
      rectangle("panel", x: middle - half, y: y - 10, width: half * 2, height: 20, radius: 0),
      element("text", "saving middle", x: middle, y: y + 4, text),
    ].joined(separator: "\n")
  }
}
