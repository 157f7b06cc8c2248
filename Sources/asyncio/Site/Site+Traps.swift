import AsyncIO
import AsyncIOHTTP
import HTTPTypes

// What crawlers stumble over.

extension Site {
  /// What robots.txt says.
  static let robots = """
    User-agent: somebody-else
    Disallow: /

    User-agent: *
    Disallow: /private/
    Allow: /private/open/
    Disallow: /*.cgi$
    Sitemap: /sitemap.xml

    """

  /// The sitemap.
  static let sitemap = """
    <?xml version="1.0" encoding="UTF-8"?>
    <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
      <url><loc>/</loc></url>
      <url><loc>/traps/only-in-sitemap/</loc></url>
    </urlset>
    """

  /// How often some URLs should be asked for.
  static let wishes: [String: Wish] = {
    var wishes: [String: Wish] = ["/traps/flaky": .twice]
    let once = [
      "/robots.txt", "/traps/", "/private/open/", "loop/a", "loop/b", "session", "session/inside",
      "redirect/1",
      "redirect/2", "redirect/3", "circle/a", "circle/b", "self", "away", "missing/1", "missing/2",
      "missing/3",
      "gone", "error", "picture.html", "page.png", "found-in-png", "untyped", "found-in-untyped",
      "endless.bin",
      "huge", "slow", "drip", "meta-nofollow", "header-nofollow", "print?page=1", "print?page=2", "base/",
      "based/x", "frame", "area", "refresh", "refreshed", "entity?a=1&b=2", "case", "latin",
      "caf%C3%A9",
    ]
    let never = [
      "run.cgi", "nofollow/a", "nofollow/b", "nofollow/c", "copy-only", "commented", "scripted",
      "picture.png",
    ]
    for path in once { wishes[path.hasPrefix("/") ? path : "/traps/\(path)"] = .once }
    for path in never { wishes["/traps/\(path)"] = .never }
    return wishes
  }()

  private static let entrance = """
    <title>Traps</title>
    <!-- <a href="commented">in a comment</a> -->
    <script>document.write("<a href='scripted'>");</script>
    <a href="loop/a">a loop</a> <a href="calendar/2026/1">a calendar</a> <a href="deeper/">a path</a>
    <a href="filter?color=1&amp;size=1">a filter</a> <a href="session">a session</a>
    <a href="redirect/1">redirects</a> <a href="circle/a">in a circle</a> <a href="self">to itself</a>
    <a href="onward/1">without end</a> <a href="away">to elsewhere</a>
    <a href="missing/1">missing</a> <a href="missing/2">missing</a> <a href="missing/3">missing</a>
    <a href="gone">gone</a> <a href="error">an error</a> <a href="flaky">busy</a>
    <a href="picture.html">a picture</a> <a href="page.png">a page</a> <a href="untyped">of no type</a>
    <a href="endless.bin">endless</a> <a href="huge">huge</a> <a href="slow">slow</a> <a href="drip">dripping</a>
    <a href="/private/2">private</a> <a href="/private/open/">open</a> <a href="run.cgi">forbidden</a>
    <a href="nofollow/a" rel="Noopener NOFOLLOW">not to be followed</a> <a href="meta-nofollow">meta</a>
    <a href="header-nofollow">header</a> <a href="print?page=1">copy</a> <a href="print?page=2">copy</a>
    <a href="base/">base</a> <a href="/\(String(repeating: "long-", count: 600))">long</a>
    <iframe src="frame"></iframe> <map><area href="area"></map> <a href="refresh">refresh</a>
    <a href="entity?a=1&amp;b=2">entity</a> <a href="%63ase">case</a> <a href="case">case</a>
    <a href="latin">latin</a> <img src="picture.png"> <a href="mailto:nobody@example.org">mail</a>
    <a href="javascript:void(0)">script</a> <a href="http://elsewhere.invalid/">elsewhere</a>
    """

  /// Answers what is no page of the tree.
  func trap(_ request: HTTPServerRequest, count: Int) async throws -> HTTPServerResponse {
    if let answer = fixed(request) { return answer }
    switch request.path {
    case "/traps/flaky":
      if count > 1 { return Self.html("<p>Now.</p>") }
      var fields = HTTPFields()
      fields[.retryAfter] = "1"
      return HTTPServerResponse(status: .serviceUnavailable, fields: fields)
    case "/traps/slow":
      try await sleep(for: .seconds(3600))
      return Self.html("<p>At last.</p>")
    case "/traps/drip":
      return Self.stream("text/html") { writer in
        for _ in 0..<3600 {
          try await writer.write("<p>drip")
          try await sleep(for: .milliseconds(500))
        }
      }
    case "/traps/huge", "/traps/endless.bin":
      return Self.stream(request.path == "/traps/huge" ? "text/html" : "application/octet-stream") { writer in
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 64 * 1024)
        for _ in 0..<512 { try await writer.write(piece) }
      }
    default: return endless(request)
    }
  }

  private static func stream(
    _ type: String, _ write: @escaping @Sendable (HTTPResponseWriter) async throws -> Void
  ) -> HTTPServerResponse {
    // A crawler that gives up is what these are for.
    HTTPServerResponse(fields: [.contentType: type]) { writer in
      try await write(writer)
    }
  }

  private static func redirect(_ status: HTTPResponse.Status, to location: String) -> HTTPServerResponse {
    HTTPServerResponse(status: status, fields: [.location: location])
  }

  /// Answers what is always the same.
  private func fixed(_ request: HTTPServerRequest) -> HTTPServerResponse? {
    let path = request.path
    guard path.hasPrefix("/traps/") else { return path == "/private/open/" ? Self.html("<p>Open.</p>") : nil }
    switch path.dropFirst(7) {
    case "": return Self.html(Self.entrance)
    case "loop/a": return Self.html("<a href=\"b\">b</a>")
    case "loop/b": return Self.html("<a href=\"a\">a</a> <a href=\"/traps/\">back</a>")
    case "redirect/1": return Self.redirect(.found, to: "2")
    case "redirect/2": return Self.redirect(.movedPermanently, to: "/traps/redirect/3")
    case "redirect/3": return Self.redirect(.temporaryRedirect, to: "/")
    case "circle/a": return Self.redirect(.found, to: "b")
    case "circle/b": return Self.redirect(.found, to: "a")
    case "self": return Self.redirect(.found, to: "self")
    case "away": return Self.redirect(.found, to: "http://elsewhere.invalid/")
    case "gone": return HTTPServerResponse(status: .gone)
    case "error": return HTTPServerResponse(status: .internalServerError, text: "It fails.\n")
    case "picture.html": return HTTPServerResponse(fields: [.contentType: "image/png"], body: [0x89, 0x50])
    case "page.png": return Self.html("<a href=\"found-in-png\">x</a>")
    case "untyped":
      return HTTPServerResponse(body: Array("<!doctype html><a href=\"found-in-untyped\">x</a>".utf8))
    case "meta-nofollow":
      return Self.html("<meta name=Robots content='noindex, nofollow'><a href=nofollow/b>x</a>")
    case "header-nofollow":
      var fields = HTTPFields()
      if let name = HTTPField.Name("X-Robots-Tag") { fields[name] = "otherbot: index, none" }
      if let name = HTTPField.Name("X-Robots-Tag") { fields.append(HTTPField(name: name, value: "nofollow")) }
      return Self.html("<a href=nofollow/c>x</a>", fields: fields)
    case "print": return Self.html("<link rel=canonical href=\"/\"><a href=\"copy-only\">x</a>")
    case "base/": return Self.html("<base href=\"/traps/based/\"><a href=\"x\">x</a>")
    case "refresh": return Self.html("<meta http-equiv=Refresh content=\"3; URL='refreshed'\">")
    case "latin":
      return HTTPServerResponse(
        fields: [.contentType: "text/html; charset=iso-8859-1"],
        body: Array("<a href=\"caf".utf8) + [0xE9, 0x22, 0x3E])
    case let path where path.hasPrefix("missing/"): return HTTPServerResponse(status: .notFound)
    case "based/x", "frame", "area", "refreshed", "entity", "case", "found-in-png", "found-in-untyped",
      "caf%C3%A9",
      "only-in-sitemap/", "session/inside":
      return Self.html("<p>Found.</p>")
    default: return nil
    }
  }

  /// Answers what leads to ever more of its kind.
  private func endless(_ request: HTTPServerRequest) -> HTTPServerResponse {
    let parts = request.path.split(separator: "/")
    // Whatever a path says, there is room to count on from it.
    func number(_ place: Int) -> Int {
      parts.count > place ? min(max(Int(parts[place]) ?? 0, 0), 1_000_000) : 0
    }
    switch parts.count > 1 && parts[0] == "traps" ? parts[1] : "" {
    case "calendar":
      let month = number(2) * 12 + number(3)
      func path(_ month: Int) -> String { "/traps/calendar/\((month - 1) / 12)/\((month - 1) % 12 + 1)" }
      return Self.html("<a href=\"\(path(month - 1))\">before</a> <a href=\"\(path(month + 1))\">after</a>")
    case "deeper": return Self.html("<a href=\"deeper/\">deeper</a>")
    case "filter":
      let links = (0..<40).map { "<a href=\"filter?size=\(newSession())&amp;color=\($0)\">\($0)</a>" }
      return Self.html(links.joined())
    case "session":
      return Self.html(
        "<a href=\"/traps/session/inside?sid=\(newSession())\">in</a> <a href=\"/traps/session;jsessionid=\(newSession())\">on</a>"
      )
    case "onward": return Self.redirect(.found, to: "\(number(2) + 1)")
    default: return HTTPServerResponse(status: .notFound)
    }
  }
}
