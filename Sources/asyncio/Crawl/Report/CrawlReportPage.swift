/// A report as a page of HTML that needs nothing else: no scripts, no fonts, no network.
struct CrawlReportPage {
  /// What it says.
  let report: CrawlReport
  /// When it was written, in words.
  let date: String

  /// The document.
  var html: String {
    let name = report.sections.sections[0].name
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="robots" content="noindex, nofollow">
      <title>\(name.xmlEscaped) – crawl report</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      <main>
      <header>
      <p class="kind">Crawl report</p>
      <h1>\(name.xmlEscaped)</h1>
      <p class="soft">From \(link(report.start, text: report.start)), \(date.xmlEscaped)</p>
      </header>
      \(cards)
      \(picture)
      \(charts)
      \(tables)
      <footer>Made by <code>asyncio crawl</code>. Times are those of single requests, without waits for politeness.</footer>
      </main>
      </body>
      </html>

      """
  }

  // MARK: Numbers

  private var cards: String {
    let tally = report.tally
    let median = report.times.quantile(0.5)?.text ?? "–"
    let slow = report.times.quantile(0.95).map { "95 % within \($0.text)" } ?? ""
    let cards = [
      card("Pages", tally[.page].grouped, "of \(tally.total.grouped) URLs", "ok"),
      card(
        "Broken", tally[.broken].grouped,
        tally[.broken] == 0 ? "nothing to repair" : "on \(report.brokenReferrerCount.grouped) pages",
        tally[.broken] == 0 ? "ok" : "broken"),
      card("Redirects", tally[.redirect].grouped, longestChain, "redirect"),
      card("Excluded", tally[.excluded].grouped, "by robots.txt", "excluded"),
      card("Data", ByteSize(tally.bytes).description, largestText, "file"),
      card("Answer time", median, slow, "time"),
    ]
    return "<section class=\"cards\">\(cards.joined(separator: "\n"))</section>" + waiting
  }

  private var waiting: String {
    guard report.waiting > 0 else { return "" }
    return
      "<p class=\"notice\">\(report.waiting.grouped) URLs were found and not fetched: the crawl has not come to its end.</p>"
  }

  private func card(_ name: String, _ value: String, _ remark: String, _ style: String) -> String {
    """
    <div class="card k-\(style)"><p class="name">\(name)</p><p class="value">\(value.xmlEscaped)</p>\
    <p class="soft">\(remark.xmlEscaped)</p></div>
    """
  }

  private var longestChain: String {
    let circles = report.circleCount
    if circles > 0 { return circles == 1 ? "1 in a circle" : "\(circles.grouped) in circles" }
    return report.longestChain > 1 ? "up to \(report.longestChain) in a row" : "none in a row"
  }

  private var largestText: String {
    report.largest.elements.first.map { "the largest \(ByteSize($0.bytes))" } ?? ""
  }

  // MARK: The picture

  private var picture: String {
    let kinds: [CrawlResult.Kind] = [.page, .file, .duplicate, .redirect, .broken, .excluded]
    let legend = kinds.filter { report.tally[$0] > 0 }.map { kind in
      "<li><i class=\"k-\(kind == .page ? "ok" : kind.rawValue)\"></i>\(kind.words)</li>"
    }
    let top = report.sections.children(of: 0)
    let rows = top.prefix(12).map { place in
      let section = report.sections.sections[place]
      return sectionRow(section.name, section.tally)
    }
    let rest = top.count > 12 ? "<p class=\"soft\">and \((top.count - 12).grouped) smaller ones</p>" : ""
    return """
      <section class="panel picture">
      <div>\(SitePicture(report.sections).svg)</div>
      <div class="beside">
      <h2>The site</h2>
      <p class="soft">Each ring is a level of folders, each sector as wide as it has URLs. Point at one to see what is in it.</p>
      <ul class="legend">\(legend.joined())</ul>
      <table class="sections"><tbody>\(rows.joined(separator: "\n"))</tbody></table>\(rest)
      </div>
      </section>
      """
  }

  private func sectionRow(_ name: String, _ tally: SiteTally) -> String {
    let largest = report.sections.children(of: 0).first.map { report.sections.sections[$0].tally.total } ?? 1
    let parts: [CrawlResult.Kind] = [.page, .file, .duplicate, .excluded, .redirect, .broken]
    let bars = parts.filter { tally[$0] > 0 }.map { kind in
      let share = Double(tally[kind]) / Double(max(1, largest)) * 100
      return
        "<i class=\"k-\(kind == .page ? "ok" : kind.rawValue)\" style=\"width:max(\(percent(share)),2px)\"></i>"
    }
    return """
      <tr><th>\(name.printable.truncated(toWidth: 22, at: .middle).xmlEscaped)</th>\
      <td class="bar"><span>\(bars.joined())</span></td><td class="n">\(tally.total.grouped)</td></tr>
      """
  }

  func percent(_ value: Double) -> String { decimal(value, places: 2) + "%" }

  // MARK: Addresses

  /// A link, with as little text as says where it leads.
  func link(_ url: String, text: String? = nil) -> String {
    let shown = (text ?? shortened(url)).printable.truncated(toWidth: 90, at: .middle)
    guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
      return "<span class=\"url\">\(shown.xmlEscaped)</span>"
    }
    return
      "<a class=\"url\" rel=\"noreferrer\" title=\"\(url.xmlEscaped)\" href=\"\(url.xmlEscaped)\">\(shown.xmlEscaped)</a>"
  }

  /// The path alone, where the host is that of the start.
  private func shortened(_ url: String) -> String {
    guard let slashes = report.start.firstRange(of: "://"),
      let slash = report.start[slashes.upperBound...].firstIndex(of: "/")
    else { return url }
    let origin = report.start[..<slash]
    return url.hasPrefix(origin + "/") ? String(url.dropFirst(origin.count)) : url
  }
}
