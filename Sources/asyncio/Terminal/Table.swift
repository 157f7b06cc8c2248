/// Text in columns, aligned by display width.
struct Table {
  /// One column: what stands above it and how it behaves.
  struct Column {
    /// What stands above it; empty where nothing does.
    var title: String
    /// Where its cells are pushed.
    var alignment: TextAlignment
    /// Which part of a cell gives way when the table is too wide; `nil` where its cells stay whole.
    var truncation: TruncationPoint?

    /// A column with a title, pushed to the left and never truncated unless told.
    init(_ title: String, alignment: TextAlignment = .leading, truncation: TruncationPoint? = nil) {
      self.title = title
      self.alignment = alignment
      self.truncation = truncation
    }
  }

  /// The columns from left to right.
  let columns: [Column]
  /// The cells row by row; each row has a cell for each column.
  private(set) var rows: [[String]] = []

  private static let gap = "  "

  /// An empty table.
  init(columns: [Column]) {
    self.columns = columns
  }

  /// Adds a row; missing cells are empty, and what would steer a terminal is made harmless.
  mutating func append(_ cells: [String]) {
    precondition(
      cells.count <= columns.count,
      "A row of this table has at most \(columns.count) cells, but \(cells.count) were given.")
    let missing = Array(repeating: "", count: columns.count - cells.count)
    rows.append(cells.map(\.printable) + missing)
  }

  /// The lines of the table: titles where there are any, a rule, the rows.
  /// - Parameters:
  ///   - width: Columns there are; no line is wider.
  ///   - palette: Colours for the titles.
  /// - Returns: Lines without spaces at their ends.
  func lines(width: Int = .max, palette: Palette = .plain) -> [String] {
    let widths = fit(naturalWidths, into: width)
    var lines: [String] = []
    if columns.contains(where: { !$0.title.isEmpty }) {
      lines.append(palette(line(columns.map(\.title), widths: widths, width: width), .bold))
      let rule = widths.map { String(repeating: "─", count: $0) }
      lines.append(palette(line(rule, widths: widths, width: width), .dim))
    }
    return lines + rows.map { line($0, widths: widths, width: width) }
  }

  private var naturalWidths: [Int] {
    columns.indices.map { index in
      rows.reduce(columns[index].title.displayWidth) { max($0, $1[index].displayWidth) }
    }
  }

  /// Takes columns away from the widest column that may be truncated, one by one, until all fits.
  private func fit(_ natural: [Int], into width: Int) -> [Int] {
    var widths = natural
    let gaps = max(0, columns.count - 1) * Self.gap.count
    var excess = widths.reduce(gaps, +) - width
    while excess > 0 {
      let candidates = columns.indices.filter { columns[$0].truncation != nil && widths[$0] > 1 }
      guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  private func line(_ cells: [String], widths: [Int], width: Int) -> String {
    let parts = columns.indices.map { index in
      cells[index].truncated(toWidth: widths[index], at: columns[index].truncation ?? .end)
        .padded(toWidth: widths[index], alignment: columns[index].alignment)
    }
    var line = parts.joined(separator: Self.gap)
    while line.last == " " { line.removeLast() }
    return line.truncated(toWidth: width)
  }
}
