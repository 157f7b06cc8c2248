/// A timeline as a picture: one self-contained SVG document.
///
/// All runs stand above each other on one time axis. Widths of texts are estimated from their display width,
/// since there is no font to ask: labels and numbers are set in a monospaced font, where the estimate holds.
struct TimelineSVG {
  /// What to draw.
  let timeline: Timeline
  /// Where everything goes.
  let layout: Layout

  /// A picture of `timeline`.
  init(_ timeline: Timeline) {
    self.timeline = timeline
    layout = Layout(timeline)
  }

  /// The document.
  var text: String {
    let size = (width: decimal(Layout.width, places: 0), height: decimal(layout.height, places: 0))
    var parts = [
      """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(size.width)" height="\(size.height)" \
      viewBox="0 0 \(size.width) \(size.height)" role="img" aria-labelledby="timeline-title timeline-desc">
      """,
      "<title id=\"timeline-title\">\(timeline.title.xmlEscaped)</title>",
      "<desc id=\"timeline-desc\">\(summary.xmlEscaped)</desc>",
      "<style>\n\(Self.style)\n</style>",
      "<rect class=\"page\" width=\"100%\" height=\"100%\" rx=\"12\"/>",
      header,
    ]
    for index in timeline.runs.indices {
      parts.append(panel(index))
    }
    parts += [axis, legend, "</svg>\n"]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  /// What the picture says, in a sentence for each run.
  private var summary: String {
    var sentences = timeline.runs.map { run in
      "\(run.name): \(run.bars.count == 1 ? "1 task" : "\(run.bars.count) tasks") in \(run.total.text)."
    }
    if let factor = timeline.speedUpText, let last = timeline.runs.last {
      sentences.append("\(last.name) was \(factor) as fast.")
    }
    return sentences.joined(separator: " ")
  }

  private var header: String {
    let subtitle = timeline.runs.map { "\($0.name) \($0.total.text)" }.joined(separator: "  ·  ")
    var lines = [
      element("text", "title", x: Layout.margin, y: 52, timeline.title.truncated(toWidth: 52)),
      element("text", "subtitle", x: Layout.margin, y: 78, subtitle.truncated(toWidth: 90)),
    ]
    if let factor = timeline.speedUpText {
      let style = "factor end ink\((timeline.runs.count - 1) % Self.accentCount)"
      lines.append(element("text", style, x: layout.right, y: 56, factor))
      lines.append(element("text", "subtitle end", x: layout.right, y: 78, "as fast"))
    }
    return lines.joined(separator: "\n")
  }

  private var axis: String {
    let y = layout.axisY
    return layout.axis.ticks.map { tick in
      element("text", "tick middle", x: layout.x(tick.position), y: y, tick.label)
    }.joined(separator: "\n")
  }

  /// Explains the colours that the runs' names do not.
  private var legend: String {
    var x = Layout.margin
    return layout.legend.map { entry in
      let swatch = rectangle(entry.style, x: x, y: layout.legendY - 10, width: 18, height: 11, radius: 3)
      let text = element("text", "subtitle", x: x + 26, y: layout.legendY, entry.text)
      x += 26 + Double(entry.text.count) * 8 + 24
      return swatch + "\n" + text
    }.joined(separator: "\n")
  }
}

extension TimelineSVG {
  /// A text element with a place.
  func element(_ name: String, _ style: String, x: Double, y: Double, _ text: String) -> String {
    "<\(name) class=\"\(style)\" x=\"\(number(x))\" y=\"\(number(y))\">\(text.xmlEscaped)</\(name)>"
  }

  /// A rectangle with round corners.
  func rectangle(
    _ style: String, x: Double, y: Double, width: Double, height: Double, radius: Double
  ) -> String {
    """
    <rect class="\(style)" x="\(number(x))" y="\(number(y))" width="\(number(width))" \
    height="\(number(height))" rx="\(number(radius))"/>
    """
  }

  /// A vertical line.
  func vertical(_ style: String, x: Double, from top: Double, to bottom: Double) -> String {
    "<line class=\"\(style)\" x1=\"\(number(x))\" y1=\"\(number(top))\" x2=\"\(number(x))\" y2=\"\(number(bottom))\"/>"
  }

  /// A coordinate, a hundredth of a point fine.
  func number(_ value: Double) -> String {
    let text = decimal(value, places: 2)
    guard text.contains(".") else { return text }
    let trimmed = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
    return String(trimmed.reversed())
  }
}
