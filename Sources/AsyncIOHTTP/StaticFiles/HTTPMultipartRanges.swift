import AsyncIOSystem
import HTTPTypes

/// Several parts of a file in one response (RFC 9110 §14.6).
struct HTTPMultipartRanges: Sendable {
  private let parts: [Range<Int>]
  private let heads: [[UInt8]]
  private let end: [UInt8]
  private let file: File
  private let fields: HTTPFields

  init(_ parts: [Range<Int>], of file: File, size: Int, _ fields: HTTPFields) {
    let boundary = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
    let type = fields[.contentType] ?? "application/octet-stream"
    self.parts = parts
    self.file = file
    heads = parts.enumerated().map { position, part in
      let start = position == 0 ? "" : "\r\n"
      return Array(
        "\(start)--\(boundary)\r\nContent-Type: \(type)\r\nContent-Range: bytes \(part.lowerBound)-\(part.upperBound - 1)/\(size)\r\n\r\n"
          .utf8)
    }
    end = Array("\r\n--\(boundary)--\r\n".utf8)
    var fields = fields
    fields[.contentType] = "multipart/byteranges; boundary=\(boundary)"
    self.fields = fields
  }

  var response: HTTPServerResponse {
    let length = end.count + heads.reduce(0) { $0 + $1.count } + parts.reduce(0) { $0 + $1.count }
    return HTTPServerResponse(
      status: .partialContent, fields: fields, body: .stream(length: length) { try await write(to: $0) })
  }

  private func write(to writer: HTTPResponseWriter) async throws {
    for (head, part) in zip(heads, parts) {
      try await writer.write(head)
      try await HTTPFileSlice(file: file, offset: part.lowerBound, count: part.count).write(to: writer)
    }
    try await writer.write(end)
  }
}
