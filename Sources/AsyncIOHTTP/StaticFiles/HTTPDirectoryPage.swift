import AsyncIOSystem
import HTTPTypes

/// A list of what is in a directory, as a page.
struct HTTPDirectoryPage {
  let title: String
  let hasParent: Bool
  let entries: [(entry: DirectoryEntry, info: FileInfo?)]

  var response: HTTPServerResponse {
    var rows = hasParent ? "<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n" : ""
    let sorted = entries.sorted { left, right in
      let (isLeft, isRight) = (left.info?.kind == .directory, right.info?.kind == .directory)
      return isLeft == isRight ? left.entry.name < right.entry.name : isLeft
    }
    for (entry, info) in sorted { rows += row(entry, info) }
    return .html(
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(Self.escape(title))</title>
      <style>
      body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 56rem; padding: 0 1rem; color: #222; }
      h1 { font-size: 1.2rem; font-weight: 600; overflow-wrap: anywhere; }
      table { border-collapse: collapse; width: 100%; }
      td { padding: .25rem .5rem; border-bottom: 1px solid #e5e5e5; overflow-wrap: anywhere; }
      td + td { text-align: right; white-space: nowrap; color: #666; font-variant-numeric: tabular-nums; width: 1%; }
      a { color: #0b57d0; text-decoration: none; }
      a:hover { text-decoration: underline; }
      @media (prefers-color-scheme: dark) {
        body { background: #1b1b1b; color: #ddd; }
        td { border-color: #333; }
        td + td { color: #999; }
        a { color: #8ab4f8; }
      }
      </style>
      </head>
      <body>
      <h1>\(Self.escape(title))</h1>
      <table>
      \(rows)</table>
      </body>
      </html>

      """)
  }

  private func row(_ entry: DirectoryEntry, _ info: FileInfo?) -> String {
    let slash = info?.kind == .directory ? "/" : ""
    let name = entry.name + slash
    // With a dot, so that a colon in the name makes no scheme.
    let bytes = HTTPURLPath.escaping(entry.name) + slash.utf8
    let size = info?.kind == .file ? info.map { Self.size($0.size) } ?? "" : ""
    let modified = info.map { Self.date($0.modified) } ?? ""
    return
      "<tr><td><a href=\"./\(Self.escape(String(decoding: bytes, as: UTF8.self)))\">\(Self.escape(name))</a></td><td>\(size)</td><td>\(modified)</td></tr>\n"
  }

  private static func escape(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  private static func size(_ count: Int) -> String {
    var value = Double(count)
    for unit in ["B", "KiB", "MiB", "GiB"] {
      if value < 1024 { return unit == "B" ? "\(count) B" : "\((value * 10).rounded() / 10) \(unit)" }
      value /= 1024
    }
    return "\((value * 10).rounded() / 10) TiB"
  }

  /// Such as `06 Nov 1994 08:49`.
  private static func date(_ time: Duration) -> String {
    let text = HTTPDate.text(at: max(0, Int(time.components.seconds)))
    return String(text.dropFirst(5).dropLast(7))
  }
}
