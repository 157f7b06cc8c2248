// A site as rings around its start: each ring is a level of folders, each sector a folder or a page, as wide as there are URLs in it.
// Where there are too many sectors to be seen, those that are too narrow are drawn as one; so the picture is as readable for ten
// pages as for a million. What is fine is in cool colours, by sections; what is not stands out in warm ones, at the end of its sector.

import Glibc

/// The picture of a site, as SVG to stand within a page of HTML.
struct SitePicture {
  private let sections: SiteSections
  private var parts: [String] = []
  private var labels: [String] = []
  private var arcs = 0

  private static let center = 380.0
  private static let hole = 88.0
  /// Where the rings end.
  private static let radii = [88.0, 176, 252, 314, 362]
  /// The narrowest sector, as length on its ring's middle.
  private static let narrowest = 5.0
  /// How tall a line of text is.
  private static let lineHeight = 12.0
  private static let columnWidth = 6.4

  /// A picture of `sections`.
  init(_ sections: SiteSections) {
    self.sections = sections
    ring(of: 0, level: 0, from: 0, to: 2 * .pi, hue: nil)
  }

  /// The document.
  var svg: String {
    let total = sections.sections[0].tally.total
    let size = Int(Self.center * 2)
    return """
      <svg class="site" viewBox="0 0 \(size) \(size)" role="img" aria-label="The site as rings of folders">
      \(parts.joined(separator: "\n"))
      <circle class="hole" cx="\(Int(Self.center))" cy="\(Int(Self.center))" r="\(number(Self.hole - 4))"/>
      <text class="total" x="\(Int(Self.center))" y="\(Int(Self.center) + 4)">\(total.grouped)</text>
      <text class="unit" x="\(Int(Self.center))" y="\(Int(Self.center) + 26)">\(total == 1 ? "URL" : "URLs")</text>
      <g class="labels">\(labels.joined(separator: "\n"))</g>
      </svg>
      """
  }

  // MARK: Sectors

  /// Draws the sections below one, between two angles.
  private mutating func ring(of place: Int, level: Int, from start: Double, to end: Double, hue: Double?) {
    guard level + 1 < Self.radii.count else { return }
    let total = sections.sections[place].tally.total
    let children = sections.children(of: place)
    guard total > 0, !children.isEmpty else { return }
    let middle = (Self.radii[level] + Self.radii[level + 1]) / 2
    var angle = start
    for (index, child) in children.enumerated() {
      let section = sections.sections[child]
      let width = (end - start) * Double(section.tally.total) / Double(total)
      // The children are sorted: the rest is no wider.
      if width * middle < Self.narrowest {
        let rest = children[index...]
        if rest.count > 1 {
          return others(
            Array(rest), of: total, level: level, from: angle, in: end - start, hue: hue)
        }
      }
      let color = hue ?? Self.hue(index, of: children.count)
      sector(section.name, section.tally, level: level, from: angle, to: angle + width, hue: color)
      ring(of: child, level: level + 1, from: angle, to: angle + width, hue: color)
      angle += width
    }
  }

  /// Draws sections that are too narrow as one.
  private mutating func others(
    _ places: [Int], of total: Int, level: Int, from start: Double, in width: Double, hue: Double?
  ) {
    var tally = SiteTally()
    for place in places { tally.add(sections.sections[place].tally) }
    let end = start + width * Double(tally.total) / Double(total)
    sector(
      "\(places.count.grouped) more", tally, level: level, from: start, to: end, hue: hue ?? 205,
      style: "more")
  }

  /// From blue-green to violet: cool, and apart from what warns.
  private static func hue(_ index: Int, of count: Int) -> Double {
    let order = Double((index * 5) % max(8, min(count, 16)))
    return 168 + order / Double(max(8, min(count, 16))) * 100
  }

  private mutating func sector(
    _ name: String, _ tally: SiteTally, level: Int, from start: Double, to end: Double, hue: Double,
    style: String = "ok"
  ) {
    let (inner, outer) = (Self.radii[level], Self.radii[level + 1])
    let title = "<title>\(Self.tooltip(name, tally).xmlEscaped)</title>"
    var pieces: [String] = []
    var angle = start
    for (kind, share) in Self.shares(tally, width: end - start, radius: (inner + outer) / 2) where share > 0 {
      let look = kind == .page ? "\(style)\" style=\"--h:\(number(hue));--l:\(level)" : kind.rawValue
      pieces.append(
        "<path class=\"\(look)\" d=\"\(Self.path(inner + 1, outer - 1, angle, angle + share))\"/>")
      angle += share
    }
    parts.append("<g class=\"sector\">\(title)\(pieces.joined())</g>")
    label(name, level: level, from: start, to: end)
  }

  /// How much of a sector each kind gets: its part, but for what is broken, which is always to be seen.
  private static func shares(
    _ tally: SiteTally, width: Double, radius: Double
  ) -> [(CrawlResult.Kind, Double)] {
    let order: [CrawlResult.Kind] = [.page, .file, .duplicate, .excluded, .redirect, .broken]
    var shares = order.map { ($0, width * Double(tally[$0]) / Double(max(1, tally.total))) }
    let least = min(2 / radius, width)
    if let last = shares.indices.last, shares[last].1 > 0, shares[last].1 < least {
      let missing = least - shares[last].1
      shares[last].1 = least
      if let widest = shares.indices.max(by: { shares[$0].1 < shares[$1].1 }), widest != last {
        shares[widest].1 -= min(missing, shares[widest].1)
      }
    }
    return shares
  }

  private static func tooltip(_ name: String, _ tally: SiteTally) -> String {
    let counts = CrawlResult.Kind.allCases.compactMap { kind in
      tally[kind] > 0 ? "\(tally[kind].grouped) \(kind.words)" : nil
    }
    return "\(name): \(counts.joined(separator: ", ")); \(ByteSize(tally.bytes))"
  }

  // MARK: Shapes

  /// A ring's piece; angles in radians, clockwise from the top.
  private static func path(_ inner: Double, _ outer: Double, _ start: Double, _ end: Double) -> String {
    // A whole ring has no two ends, which an arc needs.
    if end - start > 2 * .pi - 0.0001 {
      let half = start + .pi
      return path(inner, outer, start, half) + path(inner, outer, half, start + 2 * .pi - 0.0002)
    }
    // Neighbours are a point apart on both sides of the ring.
    let gapInside = min(0.6 / inner, (end - start) / 4)
    let gapOutside = min(0.6 / outer, (end - start) / 4)
    let large = end - start > .pi ? 1 : 0
    return "M\(point(inner, start + gapInside))L\(point(outer, start + gapOutside))"
      + "A\(number(outer)) \(number(outer)) 0 \(large) 1 \(point(outer, end - gapOutside))"
      + "L\(point(inner, end - gapInside))"
      + "A\(number(inner)) \(number(inner)) 0 \(large) 0 \(point(inner, start + gapInside))Z"
  }

  private static func point(_ radius: Double, _ angle: Double) -> String {
    "\(number(center + radius * sin(angle))) \(number(center - radius * cos(angle)))"
  }

  private mutating func label(_ name: String, level: Int, from start: Double, to end: Double) {
    let (inner, outer) = (Self.radii[level], Self.radii[level + 1])
    let (radius, middle) = ((inner + outer) / 2, (start + end) / 2)
    let length = (end - start) * radius
    let along = Int((length - 10) / Self.columnWidth)
    let across = Int((outer - inner - 8) / Self.columnWidth)
    let text = name.printable
    if along >= min(text.displayWidth, 10), length > 40 {
      curved(text.truncated(toWidth: along), radius: radius, from: start, to: end)
    } else if length >= Self.lineHeight, across >= 4 {
      // Read from the middle outwards on the right, and inwards on the left.
      let isRight = middle < .pi
      let degrees = middle * 180 / .pi + (isRight ? -90 : 90)
      let (x, y) = (Self.center + radius * sin(middle), Self.center - radius * cos(middle))
      labels.append(
        "<text transform=\"translate(\(number(x)) \(number(y))) rotate(\(number(degrees)))\" dy=\"4\">"
          + "\(text.truncated(toWidth: across).xmlEscaped)</text>")
    }
  }

  /// Text along a ring, with its feet down.
  private mutating func curved(_ text: String, radius: Double, from start: Double, to end: Double) {
    let middle = (start + end) / 2
    let isBelow = middle > .pi / 2 && middle < 3 * .pi / 2
    // The line of the text's feet.
    let base = isBelow ? radius + 4 : radius - 4
    let large = end - start > .pi ? 1 : 0
    // A whole ring would begin where it ends.
    let stop = min(end, start + 2 * .pi - 0.001)
    let arc =
      isBelow
      ? "M\(Self.point(base, stop))A\(number(base)) \(number(base)) 0 \(large) 0 \(Self.point(base, start))"
      : "M\(Self.point(base, start))A\(number(base)) \(number(base)) 0 \(large) 1 \(Self.point(base, stop))"
    arcs += 1
    labels.append(
      "<path id=\"arc\(arcs)\" d=\"\(arc)\" fill=\"none\"/><text><textPath href=\"#arc\(arcs)\" startOffset=\"50%\">"
        + "\(text.xmlEscaped)</textPath></text>")
  }
}

private func number(_ value: Double) -> String {
  var text = decimal(value, places: 1)
  if text.hasSuffix(".0") { text.removeLast(2) }
  return text
}

extension CrawlResult.Kind {
  /// What many of the kind are called.
  var words: String {
    switch self {
    case .page: "pages"
    case .file: "files"
    case .duplicate: "copies"
    case .redirect: "redirects"
    case .broken: "broken"
    case .excluded: "excluded by robots.txt"
    }
  }
}

extension Int {
  /// The number with a comma before each three digits.
  var grouped: String {
    var digits = String(magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (self < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
  }
}
