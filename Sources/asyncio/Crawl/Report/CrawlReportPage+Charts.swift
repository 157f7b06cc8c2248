// Counts as bars.

extension CrawlReportPage {
  /// What answers were like, in four pictures.
  var charts: String {
    let statuses = report.statuses.sorted { $0.key < $1.key }.map { status, count in
      (status == 0 ? "no answer" : "\(status)", count, Self.style(ofStatus: status), "")
    }
    let types = report.types.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map {
      type, value in
      (type, value.count, "file", ByteSize(value.bytes).description)
    }
    let depths = report.depths.sorted { $0.key < $1.key }.map { depth, count in
      (depth == 0 ? "start" : "\(depth)", count, "ok", "")
    }
    return """
      <section class="charts">
      \(chart("By status", statuses))
      \(chart("By type", types))
      \(chart("Pages by links from the start", depths))
      \(times)
      </section>
      """
  }

  private static func style(ofStatus status: Int) -> String {
    switch status {
    case 200..<300: "ok"
    case 300..<400: "redirect"
    default: "broken"
    }
  }

  private func chart(
    _ title: String, _ all: [(name: String, count: Int, style: String, remark: String)]
  ) -> String {
    let limit = 12
    var rows = Array(all.prefix(all.count > limit ? limit - 1 : limit))
    let rest = all.dropFirst(rows.count)
    if !rest.isEmpty {
      rows.append(("others", rest.reduce(0) { $0 + $1.count }, rest.first?.style ?? "", ""))
    }
    let most = Double(rows.map(\.count).max() ?? 1)
    let lines = rows.map { row in
      """
      <tr><th>\(row.name.printable.truncated(toWidth: 26).xmlEscaped)</th><td class="bar"><span>\
      <i class="k-\(row.style)" style="width:max(\(percent(Double(row.count) / most * 100)),2px)"></i></span></td>\
      <td class="n">\(row.count.grouped)</td>\(row.remark.isEmpty ? "" : "<td class=\"n soft\">\(row.remark)</td>")</tr>
      """
    }
    return
      "<div class=\"panel\"><h2>\(title)</h2><table><tbody>\(lines.joined(separator: "\n"))</tbody></table></div>"
  }

  /// How long answers took: a column for each step, taller where there are more.
  private var times: String {
    let counts = report.times.counts
    guard let first = counts.firstIndex(where: { $0 > 0 }), let last = counts.lastIndex(where: { $0 > 0 })
    else {
      return ""
    }
    let range = max(0, first - 1)...min(counts.count - 1, last + 1)
    let most = Double(counts.max() ?? 1)
    let columns = range.map { step in
      let height = Double(counts[step]) / most * 100
      let title = "\(counts[step].grouped) within \(DurationHistogram.bound(ofStep: step).text)"
      return
        "<i title=\"\(title)\"><b style=\"height:\(counts[step] > 0 ? "max(\(percent(height)),2px)" : "0")\"></b></i>"
    }
    let marks = [("median", 0.5), ("95 %", 0.95), ("99 %", 0.99), ("longest", 1.0)].map { name, part in
      let value = part == 1 ? report.slowest.elements.first?.duration : report.times.quantile(part)
      return "<div><p class=\"soft\">\(name)</p><p>\(value?.text ?? "–")</p></div>"
    }
    return """
      <div class="panel"><h2>Answer times</h2><div class="columns">\(columns.joined())</div>\
      <div class="marks">\(marks.joined())</div></div>
      """
  }
}
