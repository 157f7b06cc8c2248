extension TimelineSVG {
  /// How many colours there are for runs.
  static let accentCount = 4

  /// The style sheet: a light page, and a dark one where the reader prefers that.
  ///
  /// Colours are written out rather than named by variables, which not every viewer of pictures knows.
  static let style = """
    text { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328 }
    .title, .subtitle, .name, .factor { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", \
    "DejaVu Sans", sans-serif }
    .title { font-size: 24px; font-weight: 700 }
    .subtitle { font-size: 13px }
    .name { font-size: 15px; font-weight: 600 }
    .factor { font-size: 34px; font-weight: 700 }
    .total { font-size: 14px; font-weight: 700 }
    .tick, .saving { font-size: 12px }
    .subtitle, .tick, .time, .saving { fill: #59636e }
    .middle { text-anchor: middle }
    .end { text-anchor: end }
    .page { fill: #ffffff }
    .panel { fill: #f6f8fa }
    .grid { stroke: #d1d9e0; stroke-width: 1 }
    .limit { stroke-width: 1.5; stroke-dasharray: 4 3 }
    .arrow { fill: none; stroke: #818b98; stroke-width: 1.2 }
    \(accents(bars: ["#d4a72c", "#218bff", "#2da44e", "#a475f9"], inks: ["#9a6700", "#0969da", "#1a7f37", "#8250df"]))
    .failed { fill: #cf222e }
    .cancelled { fill: #d1d9e0; stroke: #818b98; stroke-dasharray: 3 2 }
    .message, .notable { fill: #cf222e }
    .message { stroke: #f6f8fa; stroke-width: 5px; stroke-linejoin: round; paint-order: stroke }
    @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .subtitle, .tick, .time, .saving { fill: #9198a1 }
    .page { fill: #0d1117 }
    .panel { fill: #161b22 }
    .grid { stroke: #30363d }
    .arrow { stroke: #6e7681 }
    \(accents(bars: ["#bb8009", "#1f6feb", "#238636", "#8957e5"], inks: ["#d29922", "#58a6ff", "#3fb950", "#bc8cff"]))
    .failed { fill: #da3633 }
    .cancelled { fill: #30363d; stroke: #6e7681 }
    .message, .notable { fill: #ff7b72 }
    .message { stroke: #161b22 }
    }
    """

  /// A bar, a text and a line in each run's colour.
  private static func accents(bars: [String], inks: [String]) -> String {
    zip(bars, inks).enumerated().map { index, colors in
      ".bar\(index) { fill: \(colors.0) } .ink\(index) { fill: \(colors.1) } .line\(index) { stroke: \(colors.1) }"
    }.joined(separator: "\n")
  }
}
