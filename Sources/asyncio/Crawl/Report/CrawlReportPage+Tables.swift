// What is to be looked at, one by one.

extension CrawlReportPage {
  /// All tables that have something in them.
  var tables: String {
    [brokenTable, chainTable, slowTable, largeTable, excludedTable, copyTable, leftOutTable]
      .filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private var brokenTable: String {
    let rows = report.broken.map { broken in
      let more = broken.referrerCount - broken.referrers.count
      let referrers =
        broken.referrers.map { link($0) }.joined(separator: "<br>")
        + (more > 0 ? "<br><span class=\"soft\">and \(more.grouped) more</span>" : "")
      let result = broken.result
      return [
        badge(result), link(result.entry.url), "<span class=\"why\">\(Self.why(result).xmlEscaped)</span>",
        referrers,
      ]
    }
    return table(
      "Broken", of: report.tally[.broken], ["", "URL", "why", "found on"], rows,
      remark: "What leads to nothing, and the pages that lead there.")
  }

  private var chainTable: String {
    let rows = report.chains.map { chain in
      let steps = chain.steps.map { "\(badge($0)) \(link($0.entry.url))" } + [link(chain.end)]
      let problem = chain.problem.map { "<span class=\"why\">\($0.xmlEscaped)</span>" } ?? ""
      return ["\(chain.steps.count)", steps.joined(separator: "<br><span class=\"soft\">→</span> "), problem]
    }
    return table(
      "Redirects", of: report.chainCount, ["#n", "from and to", ""], rows,
      remark: "Each costs a visitor one more answer; link to where they end.")
  }

  private var slowTable: String {
    table(
      "Slowest", of: nil, ["#time", "URL", "#size"],
      report.slowest.elements.map { result in
        [result.duration.text, link(result.entry.url), ByteSize(result.bytes).description]
      })
  }

  private var largeTable: String {
    table(
      "Largest", of: nil, ["#size", "URL", "type"],
      report.largest.elements.map { result in
        [ByteSize(result.bytes).description, link(result.entry.url), (result.type ?? "").xmlEscaped]
      })
  }

  private var excludedTable: String {
    table(
      "Excluded by robots.txt", of: report.tally[.excluded], ["rule", "#n", "such as"],
      report.excluded.map { group in
        ["<code>\(group.name.printable.xmlEscaped)</code>", group.count.grouped, examples(group)]
      })
  }

  private var copyTable: String {
    table(
      "Copies", of: report.tally[.duplicate], ["original", "#n", "such as"],
      report.copies.map { group in [link(group.name), group.count.grouped, examples(group)] },
      remark: "Pages that name another one as canonical.")
  }

  private var leftOutTable: String {
    var rows = LeftOut.allCases.compactMap { reason in
      report.leftOut[reason].map { [$0.grouped, "links \(reason.text.xmlEscaped)"] }
    }
    for shape in report.alike {
      rows.append(["", "too many URLs like <code>\(shape.printable.xmlEscaped)</code>"])
    }
    return table("Links that were not followed", of: nil, ["#n", "they"], rows)
  }

  private func examples(_ group: CrawlReport.Group) -> String {
    group.examples.prefix(3).map { link($0) }.joined(separator: "<br>")
  }

  private func badge(_ result: CrawlResult) -> String {
    let style = result.kind == .broken ? "broken" : result.kind == .page ? "ok" : result.kind.rawValue
    return "<span class=\"badge k-\(style)\">\(result.status.map(String.init) ?? "–")</span>"
  }

  private static func why(_ result: CrawlResult) -> String {
    if let problem = result.problem { return problem.printable }
    switch result.status {
    case 400?: return "bad request"
    case 401?: return "needs a password"
    case 403?: return "forbidden"
    case 404?: return "not found"
    case 410?: return "gone"
    case 429?: return "too many requests"
    case let status? where status >= 500: return "the server fails"
    default: return ""
    }
  }

  /// A table whose rows beyond the first ones are folded away; nothing for no rows.
  ///
  /// Titles that begin with `#` are those of numbers.
  private func table(
    _ title: String, of count: Int?, _ columns: [String], _ rows: [[String]], remark: String = ""
  ) -> String {
    guard !rows.isEmpty else { return "" }
    let open = 20
    func body(_ rows: some Sequence<[String]>) -> String {
      let lines = rows.map { row in
        "<tr>" + zip(columns, row).map { "<td\($0.hasPrefix("#") ? " class=\"n\"" : "")>\($1)</td>" }.joined()
          + "</tr>"
      }
      let heads = columns.map {
        "<th\($0.hasPrefix("#") ? " class=\"n\"" : "")>\($0.drop { $0 == "#" })</th>"
      }
      return
        "<table class=\"list\"><thead><tr>\(heads.joined())</tr></thead><tbody>\(lines.joined(separator: "\n"))</tbody></table>"
    }
    let rest = rows.dropFirst(open)
    let more =
      rest.isEmpty ? "" : "<details><summary>\(rest.count.grouped) more</summary>\(body(rest))</details>"
    let cut =
      (count ?? 0) > rows.count && rows.count >= CrawlReport.listed
      ? "<p class=\"soft\">The first \(rows.count.grouped) of \((count ?? 0).grouped).</p>" : ""
    let number = count.map { " <span class=\"count\">\($0.grouped)</span>" } ?? ""
    return """
      <section class="panel"><h2>\(title)\(number)</h2>\(remark.isEmpty ? "" : "<p class=\"soft\">\(remark)</p>")\
      \(body(rows.prefix(open)))\(more)\(cut)</section>
      """
  }
}
