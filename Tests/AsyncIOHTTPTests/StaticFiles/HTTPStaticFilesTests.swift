import AsyncIOSystem
import AsyncIOTesting
import HTTPTypes
import Testing

@testable import AsyncIOHTTP

/// What is made of requests for files.
@Suite(.virtualTime) struct HTTPStaticFilesTests {
  /// Makes a folder, and calls `body` with what is served of it.
  private func withFolder<Result>(
    _ options: HTTPStaticFiles.Options = .init(), _ body: (Folder) async throws -> Result
  ) async throws -> Result {
    try await withTemporaryDirectory { outside in
      let root = outside.appending("root")
      try await FileSystem.makeDirectory(root.appending("docs/empty"), withParents: true)
      try await FileSystem.write("outside", to: outside.appending("secret.txt"))
      try await FileSystem.write("0123456789", to: root.appending("ten.txt"))
      try await FileSystem.write("<h1>docs</h1>", to: root.appending("docs/index.html"))
      try await FileSystem.write("a", to: root.appending("docs/a b.css"))
      try await FileSystem.write("h", to: root.appending(".hidden"))
      try await FileSystem.write("", to: root.appending("empty"))
      try await FileSystem.makeSymbolicLink(root.appending("inside"), to: "ten.txt")
      try await FileSystem.makeSymbolicLink(root.appending("leads-out"), to: "../secret.txt")
      try await FileSystem.makeSymbolicLink(root.appending("leads-up"), to: "..")
      return try await body(Folder(root: root, files: try HTTPStaticFiles(root, options: options)))
    }
  }

  private struct Folder {
    let root: FilePath
    let files: HTTPStaticFiles

    func get(
      _ target: String, _ fields: HTTPFields = [:], method: HTTPRequest.Method = .get
    ) async throws -> HTTPServerResponse {
      var router = HTTPRouter()
      router.files("", files)
      let request = HTTPRequest(
        method: method, scheme: "http", authority: "a", path: target, headerFields: fields)
      do {
        var response = try await router.handler(HTTPServerRequest(request))
        // Whether it was in memory or not.
        if case .file(let slice) = response.body {
          response.body = .bytes(try await slice.file.read(at: slice.offset, atMost: slice.count))
        }
        return response
      } catch let error as any HTTPRespondingError {
        return error.response
      }
    }
  }

  @Test(arguments: [
    ("/ten.txt", "text/plain; charset=utf-8", "0123456789"),
    ("/docs/", "text/html; charset=utf-8", "<h1>docs</h1>"),
    ("/docs/a%20b.css", "text/css; charset=utf-8", "a"), ("/empty", "application/octet-stream", ""),
    ("/inside", "application/octet-stream", "0123456789"),
    ("/ten.txt?v=2", "text/plain; charset=utf-8", "0123456789"),
  ])
  func `a file is sent`(_ target: String, _ type: String, _ text: String) async throws {
    try await withFolder { folder in
      let response = try await folder.get(target)
      #expect(response.status == .ok)
      #expect(response.fields[.contentType] == type)
      #expect(response.fields[.acceptRanges] == "bytes")
      #expect(response.text == text)
    }
  }

  @Test(arguments: [
    "/nothing", "/docs/nothing", "/ten.txt/", "/ten.txt/x", "/../secret.txt", "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/docs/../../secret.txt", "/docs/%2E%2E/%2e./secret.txt", "/docs/..%2f..%2fsecret.txt", "//etc/passwd",
    "/%2fetc/passwd", "/./ten.txt", "/docs//index.html", "/leads-out", "/leads-up/secret.txt",
    "/leads-up/root/ten.txt",
    "/.hidden", "/ten.txt%00", "/%00", "/docs/empty/", "/" + String(repeating: "a", count: 300),
    "/..%5csecret.txt", "/%c0%ae%c0%ae/secret.txt", "/%252e%252e/secret.txt",
  ])
  func `what is not there, not to be seen, or elsewhere is not found`(_ target: String) async throws {
    try await withFolder { folder in
      let response = try await folder.get(target)
      #expect(response.status == .notFound)
      #expect(!response.text.contains("outside"))
    }
  }

  @Test func `what is not wanted can be wanted`() async throws {
    var options = HTTPStaticFiles.Options()
    options.followsLinksOut = true
    options.servesHiddenFiles = true
    options.cacheControl = "max-age=60"
    options.contentTypes = ["txt": "text/x"]
    try await withFolder(options) { folder in
      let out = try await folder.get("/leads-out")
      #expect(out.text == "outside")
      let hidden = try await folder.get("/.hidden")
      #expect(hidden.text == "h")
      let ten = try await folder.get("/ten.txt")
      #expect(ten.fields[.contentType] == "text/x")
      #expect(ten.fields[.cacheControl] == "max-age=60")
      let up = try await folder.get("/../secret.txt")
      #expect(up.status == .notFound)
    }
  }

  @Test(arguments: [("/docs", "./docs/"), ("/docs?a=b", "./docs/?a=b"), ("/docs/empty", "./empty/")])
  func `a directory without its slash is elsewhere`(_ target: String, _ location: String) async throws {
    try await withFolder { folder in
      let response = try await folder.get(target)
      #expect(response.status == .movedPermanently)
      #expect(response.fields[.location] == location)
    }
  }

  @Test func `other methods are refused`() async throws {
    try await withFolder { folder in
      let post = try await folder.get("/ten.txt", method: .post)
      #expect(post.status == .methodNotAllowed)
      #expect(post.fields[.allow] == "GET, HEAD, OPTIONS")
    }
  }

  @Test func `a list shows what is there, and nothing that a name could do`() async throws {
    var options = HTTPStaticFiles.Options()
    options.listsDirectories = true
    try await withFolder(options) { folder in
      try await FileSystem.write("x", to: folder.root.appending("docs/empty/<b>&\"'%:.txt"))
      let list = try await folder.get("/docs/empty/")
      #expect(list.fields[.contentType] == "text/html; charset=utf-8")
      #expect(
        list.text.contains(
          "<a href=\"./%3Cb%3E&amp;%22&#39;%25:.txt\">&lt;b&gt;&amp;&quot;&#39;%:.txt</a></td><td>1 B</td>"))
      #expect(list.text.contains("<a href=\"../\">"))
      let root = try await folder.get("/")
      #expect(root.text.contains("<a href=\"./docs/\">docs/</a>"))
      #expect(!root.text.contains(".hidden"))
      #expect(!root.text.contains("<a href=\"../\">"))
    }
  }

  @Test(arguments: [false, true]) func `a list tells of what links lead to if they may lead out`(
    _ followsLinksOut: Bool
  ) async throws {
    var options = HTTPStaticFiles.Options()
    options.listsDirectories = true
    options.followsLinksOut = followsLinksOut
    try await withFolder(options) { folder in
      let list = try await folder.get("/").text
      #expect(list.contains("<a href=\"./leads-out\">leads-out</a></td><td>7 B</td>") == followsLinksOut)
      #expect(list.contains("<a href=\"./leads-out\">leads-out</a></td><td></td>") != followsLinksOut)
      #expect(list.contains(">leads-up/<") == followsLinksOut)
    }
  }

  // MARK: Conditions

  @Test func `a file that the client has is not sent again`() async throws {
    try await withFolder { folder in
      let first = try await folder.get("/ten.txt")
      let tag = try #require(first.fields[.eTag])
      let date = try #require(first.fields[.lastModified])
      let old = "Sun, 06 Nov 1994 08:49:37 GMT"
      let cases: [(HTTPFields, HTTPResponse.Status)] = [
        ([.ifNoneMatch: tag], .notModified), ([.ifNoneMatch: "W/\(tag)"], .notModified),
        ([.ifNoneMatch: "\"x\", \(tag)"], .notModified), ([.ifNoneMatch: "*"], .notModified),
        ([.ifNoneMatch: "\"x\""], .ok), ([.ifModifiedSince: date], .notModified),
        ([.ifModifiedSince: old], .ok),
        ([.ifModifiedSince: "yesterday"], .ok),
        // The tag counts, and then the date does not.
        ([.ifNoneMatch: "\"x\"", .ifModifiedSince: date], .ok), ([.ifMatch: tag], .ok),
        ([.ifMatch: "*"], .ok),
        ([.ifMatch: "\"x\""], .preconditionFailed), ([.ifMatch: "W/\(tag)"], .preconditionFailed),
        ([.ifUnmodifiedSince: old], .preconditionFailed), ([.ifUnmodifiedSince: date], .ok),
        ([.ifMatch: tag, .ifUnmodifiedSince: old], .ok),
      ]
      for (fields, status) in cases {
        let response = try await folder.get("/ten.txt", fields)
        #expect(response.status == status, "\(fields)")
        if status == .notModified {
          #expect(response.fields[.eTag] == tag)
          #expect(response.text == "")
        }
      }
    }
  }

  @Test func `another content has another tag`() async throws {
    try await withFolder { folder in
      let first = try await folder.get("/ten.txt")
      try await FileSystem.replace(folder.root.appending("ten.txt"), with: Array("9876543210".utf8))
      let second = try await folder.get("/ten.txt")
      #expect(first.fields[.eTag] != second.fields[.eTag])
    }
  }

  // MARK: Ranges

  @Test func `a part is sent, or several, or none`() async throws {
    try await withFolder { folder in
      let tag = try #require(try await folder.get("/ten.txt").fields[.eTag])
      let one = try await folder.get("/ten.txt", [.range: "bytes=2-4"])
      #expect(one.status == .partialContent)
      #expect(one.fields[.contentRange] == "bytes 2-4/10")
      #expect(one.text == "234")
      let none = try await folder.get("/ten.txt", [.range: "bytes=10-"])
      #expect(none.status == .rangeNotSatisfiable)
      #expect(none.fields[.contentRange] == "bytes */10")
      let same = try await folder.get("/ten.txt", [.range: "bytes=2-4", .ifRange: tag])
      #expect(same.status == .partialContent)
      for other in ["\"x\"", "W/\(tag)", "Sun, 06 Nov 1994 08:49:37 GMT"] {
        let whole = try await folder.get("/ten.txt", [.range: "bytes=2-4", .ifRange: other])
        #expect(whole.status == .ok, "\(other)")
        #expect(whole.text == "0123456789")
      }
    }
  }

  // MARK: On a server

  @Test func `files of all sizes are sent over a connection, whole and in parts`() async throws {
    try await withFolder { folder in
      let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
      try await FileSystem.write(large, to: folder.root.appending("large"))
      var router = HTTPRouter()
      router.files("/f", folder.files)
      try await RunningServer.run(router: router) { server in
        try await withHTTPSession { session in
          let url = "\(server.url)/f/large"
          let whole = try await session.get(url)
          #expect(whole.body == large)
          let head = try await session.head(url)
          #expect(head.fields[.contentLength] == "3000000")
          let part = try await session.get(url, fields: [.range: "bytes=1000000-2500000"])
          #expect(part.body == Array(large[1_000_000...2_500_000]))
          let parts = try await session.get(url, fields: [.range: "bytes=0-9,2999990-"])
          let type = try #require(parts.fields[.contentType])
          let boundary = try #require(type.split(separator: "boundary=").last)
          let pieces = parts.body.split(on: "--\(boundary)")
          #expect(pieces.count == 4)
          #expect(pieces[1].ends(with: Array(large[..<10]) + Array("\r\n".utf8)))
          #expect(pieces[2].ends(with: Array(large[2_999_990...]) + Array("\r\n".utf8)))
          #expect(pieces[3] == Array("--\r\n".utf8))
        }
      }
    }
  }

  @Test func `a file is sent over TLS too`() async throws {
    try await withFolder { folder in
      let large = [UInt8](repeating: 7, count: 700_000)
      try await FileSystem.write(large, to: folder.root.appending("large"))
      try await RunningServer.runSecurely(handler: { try await folder.files.respond(to: $0) }) { server in
        try await withHTTPSession(HTTPCertificates.configuration()) { session in
          let whole = try await session.get("\(server.secureURL)/large")
          #expect(whole.body == large)
        }
      }
    }
  }

  @Test func `compressed siblings go to who understands them`() async throws {
    var options = HTTPStaticFiles.Options()
    options.usesCompressedSiblings = true
    try await withFolder(options) { folder in
      try await FileSystem.write("br", to: folder.root.appending("ten.txt.br"))
      try await FileSystem.write("gz", to: folder.root.appending("ten.txt.gz"))
      let cases = [
        ("gzip, br", "br", "br"), ("gzip", "gz", "gzip"), ("br;q=0, *", "gz", "gzip"),
        ("identity", "0123456789", ""),
        ("", "0123456789", ""),
      ]
      for (accepted, text, coding) in cases {
        let response = try await folder.get("/ten.txt", [.acceptEncoding: accepted])
        #expect(response.text == text, "\(accepted)")
        #expect(response.fields[.contentEncoding] ?? "" == coding)
        #expect(response.fields[.vary] == "Accept-Encoding")
        #expect(response.fields[.contentType] == "text/plain; charset=utf-8")
      }
    }
  }
}

extension [UInt8] {
  /// The parts between the places where `separator` stands.
  fileprivate func split(on separator: String) -> [[UInt8]] {
    let separator = Array(separator.utf8)
    var parts: [[UInt8]] = [[]]
    var index = 0
    while index < count {
      if index + separator.count <= count, self[index..<index + separator.count].elementsEqual(separator) {
        parts.append([])
        index += separator.count
      } else {
        parts[parts.count - 1].append(self[index])
        index += 1
      }
    }
    return parts
  }
}
