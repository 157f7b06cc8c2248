extension TimelineSVG {
  /// Where everything goes, in points from the upper left corner.
  struct Layout {
    /// The place of one run's rows.
    struct Panel {
      /// Its upper edge.
      var top: Double
      /// From its upper to its lower edge.
      var height: Double
    }

    /// An explanation of a colour.
    struct LegendEntry {
      /// The style of its swatch.
      var style: String
      /// What it means.
      var text: String
    }

    /// The picture's width.
    static let width = 960.0
    /// What is left free at the sides.
    static let margin = 36.0
    /// What is left free above and below the rows of a panel.
    static let panelPadding = 8.0
    /// Columns of the longest label; a longer one loses its middle.
    static let longestLabel = 34
    /// A column of a monospaced font, as a part of its size; the widest of the usual fonts, and some air.
    static let columnWidth = 0.615

    private static let headerHeight = 144.0
    private static let panelGap = 52.0

    /// The time axis of all runs.
    let axis: TimeAxis
    /// From one row to the next.
    let rowHeight: Double
    /// The size of labels and durations.
    let fontSize: Double
    /// Where bars begin.
    let plotX: Double
    /// Where bars end at the latest.
    let plotRight: Double
    /// The panels from above.
    let panels: [Panel]
    /// The colours to explain.
    let legend: [LegendEntry]

    /// Lays `timeline` out.
    init(_ timeline: Timeline) {
      let bars = timeline.runs.flatMap(\.bars)
      let rows = timeline.runs.reduce(0) { max($0, $1.bars.count) }
      let rowHeight = Self.rowHeight(forRows: rows)
      let fontSize = min(13, rowHeight * 0.72)
      let column = fontSize * Self.columnWidth
      let labelColumns = bars.reduce(0) { max($0, min($1.label.printable.displayWidth, Self.longestLabel)) }
      // Two more for the mark of a bar that did not end well.
      let timeColumns = bars.reduce(6) { max($0, $1.duration.text.count + ($1.outcome == .ok ? 0 : 2)) }
      self.rowHeight = rowHeight
      self.fontSize = fontSize
      plotX = Self.margin + Double(labelColumns) * column + 20
      plotRight = Self.width - Self.margin - Double(timeColumns) * column - 20
      axis = TimeAxis(upTo: timeline.total, maximumIntervals: Int((plotRight - plotX) / 70))
      panels = Self.panels(for: timeline, rowHeight: rowHeight)
      legend = Self.legend(for: timeline.outcomes)
    }

    /// The more rows, the lower each, so that sixty are still one picture.
    private static func rowHeight(forRows rows: Int) -> Double {
      switch rows {
      case ...12: 28
      case ...24: 22
      case ...40: 18
      default: 14
      }
    }

    private static func panels(for timeline: Timeline, rowHeight: Double) -> [Panel] {
      var top = headerHeight
      return timeline.runs.map { run in
        let height = Double(max(1, run.bars.count)) * rowHeight + 2 * panelPadding
        defer { top += height + panelGap }
        return Panel(top: top, height: height)
      }
    }

    private static func legend(for outcomes: [Timeline.Outcome]) -> [LegendEntry] {
      var legend: [LegendEntry] = []
      if outcomes.contains(where: { if case .failed = $0 { true } else { false } }) {
        legend.append(LegendEntry(style: "failed", text: "failed"))
      }
      if outcomes.contains(.cancelled) {
        legend.append(LegendEntry(style: "cancelled", text: "cancelled"))
      }
      return legend
    }

    /// How high a bar is.
    var barHeight: Double { (rowHeight * 0.68).rounded() }
    /// Where texts at the right side end.
    var right: Double { Self.width - Self.margin }
    /// The baseline of the axis' labels.
    var axisY: Double { (panels.last.map { $0.top + $0.height } ?? Self.headerHeight) + 20 }
    /// The baseline of the legend.
    var legendY: Double { axisY + 34 }
    /// The picture's height.
    var height: Double { (legend.isEmpty ? axisY : legendY) + 28 }

    /// Where a fraction of the axis is.
    func x(_ position: Double) -> Double { plotX + position * (plotRight - plotX) }
    /// Where a time is.
    func x(_ time: Duration) -> Double { x(axis.position(of: time)) }
  }
}
