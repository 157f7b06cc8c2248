import AsyncIOHTTP
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import HTTPTypes
import Testing

@Suite(.virtualTime) struct HTTPMultipartTests {
  /// A file that is there as long as `body` runs.
  private static func withFile<Result>(
    _ bytes: [UInt8], _ body: (String) async throws -> Result
  ) async throws -> Result {
    let path = "/tmp/asyncio-multipart-\(UInt64.random(in: .min ... .max)).txt"
    let file = unsafe try #require(unsafe fopen(path, "w"))
    unsafe fwrite(bytes, 1, bytes.count, file)
    unsafe fclose(file)
    defer { unsafe unlink(path) }
    return try await body(path)
  }

  private static func sent(_ body: HTTPRequestBody) async throws -> (text: String, fields: HTTPFields) {
    return try await RunningServer.run(handler: { request in
      var fields = HTTPFields()
      fields[.eTag] = "\(request[.contentType] ?? "-") \(request[.contentLength] ?? "-")"
      return HTTPServerResponse(fields: fields, body: request.body)
    }) { server in
      try await withHTTPSession { session async throws in
        let response = try await session.post(server.url, body: body)
        return (response.text, response.fields)
      }
    }
  }

  @Test func `fields and files are sent as a browser does it`() async throws {
    try await Self.withFile(Array("in the file".utf8)) { path in
      var form = HTTPMultipart(boundary: "B")
      form.append("title", "Ü 1")
      form.append("count", 3)
      form.append("da\"ta\r\n", bytes: [65, 66], filename: "a\"b.bin")
      form.append("file", file: path, contentType: "text/plain")
      let name = path.split(separator: "/").last ?? ""
      let (text, fields) = try await Self.sent(.multipart(form))
      #expect(
        text == """
          --B\r\nContent-Disposition: form-data; name="title"\r\n\r\nÜ 1\r\n\
          --B\r\nContent-Disposition: form-data; name="count"\r\n\r\n3\r\n\
          --B\r\nContent-Disposition: form-data; name="da%22ta%0D%0A"; filename="a%22b.bin"\r\n\
          Content-Type: application/octet-stream\r\n\r\nAB\r\n\
          --B\r\nContent-Disposition: form-data; name="file"; filename="\(name)"\r\nContent-Type: text/plain\r\n\r\n\
          in the file\r\n--B--\r\n
          """)
      #expect(fields[.eTag] == "multipart/form-data; boundary=B \(text.utf8.count)")
    }
  }

  @Test(arguments: [0, 1, 262_144, 700_000])
  func `a file is a body, piece by piece`(_ size: Int) async throws {
    let bytes = (0..<size).map { UInt8(0x20 + $0 % 90) }
    try await Self.withFile(bytes) { path in
      let body = try HTTPRequestBody.file(path, contentType: "text/x")
      #expect(body.length == size && body.isRepeatable)
      let (text, fields) = try await Self.sent(body)
      #expect(Array(text.utf8) == bytes)
      #expect(fields[.eTag] == "text/x \(size)")
    }
  }

  @Test func `a file that is not there is an error at once`() {
    var form = HTTPMultipart()
    form.append("file", file: "/nowhere/at/all")
    #expect(throws: IOError.self) { try HTTPRequestBody.multipart(form) }
    #expect(throws: IOError.self) { try HTTPRequestBody.file("/tmp") }
  }

  @Test func `a file that shrinks meanwhile is an error`() async throws {
    try await Self.withFile([1, 2, 3]) { path in
      let body = try HTTPRequestBody.file(path)
      unsafe truncate(path, 1)
      _ = await #expect(throws: HTTPBodyLengthError.self) { try await Self.sent(body) }
    }
  }

  @Test func `each form has a boundary of its own`() {
    #expect(HTTPMultipart().boundary != HTTPMultipart().boundary)
  }
}
