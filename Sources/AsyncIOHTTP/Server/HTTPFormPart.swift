import HTTPTypes

/// A part of a form with files, as a browser has sent it (RFC 7578).
public struct HTTPFormPart: Sendable {
  /// The name of the field.
  public let name: String
  /// What the client calls the file; nil for a field that is no file.
  ///
  /// It is no path to keep it at: it may hold anything.
  public let filename: String?
  /// What the client says is in it.
  public let contentType: String?
  /// What is in it.
  public let body: [UInt8]

  /// The body as text; bytes that are not UTF-8 are replaced.
  public var text: String { String(decoding: body, as: UTF8.self) }
}

extension HTTPServerRequest {
  /// The fields and files of a form (`multipart/form-data`), from a body that was read as a whole.
  ///
  /// ```swift
  /// router.post("/photos", body: .collect(upTo: 20_000_000)) { request in
  ///   for part in try request.multipartForm() where part.filename != nil { try await store(part.body) }
  ///   return .redirect(to: "/photos")
  /// }
  /// ```
  ///
  /// - Parameter limit: How many parts there may be.
  /// - Returns: The parts in their order.
  /// - Throws: ``HTTPStatusError`` with 415 when the body is something else, 400 when it is damaged, 413 for more parts.
  public func multipartForm(limit: Int = 1000) throws -> [HTTPFormPart] {
    guard mediaType == "multipart/form-data",
      let boundary = Self.parameter("boundary", of: self[.contentType] ?? ""),
      (1...70).contains(boundary.utf8.count)
    else { throw HTTPStatusError(.unsupportedMediaType, "The body must be multipart/form-data.") }
    var reader = HTTPFormReader(body, boundary: boundary)
    var parts: [HTTPFormPart] = []
    while let part = try reader.next() {
      guard parts.count < limit else {
        throw HTTPStatusError(.contentTooLarge, "The form has more than \(limit) parts.")
      }
      parts.append(part)
    }
    return parts
  }

  /// A parameter of a field such as `form-data; name="a"`.
  static func parameter(_ name: String, of field: String) -> String? {
    var reader = HTTPFieldReader(field)
    _ = reader.take { $0 != UInt8(ascii: ";") }
    while reader.skip(UInt8(ascii: ";")) {
      reader.skipBlanks()
      let found = reader.takeToken().lowercased()
      guard reader.skip(UInt8(ascii: "=")) else { return nil }
      let value = reader.next == UInt8(ascii: "\"") ? reader.takeQuoted() : reader.takeToken()
      if found == name { return value }
      _ = reader.take { $0 != UInt8(ascii: ";") }
    }
    return nil
  }
}

/// Goes through the parts of a form.
private struct HTTPFormReader {
  private let bytes: [UInt8]
  private let delimiter: [UInt8]
  private var index = 0
  private var isFirst = true

  init(_ bytes: [UInt8], boundary: String) {
    self.bytes = bytes
    delimiter = Array("\r\n--\(boundary)".utf8)
  }

  /// The next part; nil after the last.
  mutating func next() throws -> HTTPFormPart? {
    if isFirst {
      isFirst = false
      // The first delimiter may stand at the very beginning, without its line end; what is before it is ignored.
      if bytes.starts(with: delimiter.dropFirst(2)) {
        index = delimiter.count - 2
      } else {
        index = try find(delimiter, from: 0) + delimiter.count
      }
    }
    if bytes[index...].starts(with: "--".utf8) { return nil }
    while index < bytes.count, bytes[index].isBlank { index += 1 }
    guard bytes[index...].starts(with: "\r\n".utf8) else { throw Self.damaged() }
    index += 2
    let fields = try readFields()
    let end = try find(delimiter, from: index)
    let body = Array(bytes[index..<end])
    index = end + delimiter.count
    let disposition = fields["content-disposition"] ?? ""
    guard let name = HTTPServerRequest.parameter("name", of: disposition) else { throw Self.damaged() }
    return HTTPFormPart(
      name: Self.unescape(name),
      filename: HTTPServerRequest.parameter("filename", of: disposition).map(Self.unescape),
      contentType: fields["content-type"], body: body)
  }

  private mutating func readFields() throws -> [String: String] {
    var fields: [String: String] = [:]
    while true {
      let end = try find([.carriageReturn, .lineFeed], from: index)
      let line = bytes[index..<end]
      index = end + 2
      if line.isEmpty { return fields }
      guard fields.count < 16, line.count < 8192, let colon = line.firstIndex(of: .colon) else {
        throw Self.damaged()
      }
      let name = String(decoding: line[..<colon], as: UTF8.self).trimmed.lowercased()
      fields[name] = String(decoding: line[(colon + 1)...], as: UTF8.self).trimmed
    }
  }

  /// Where a text stands next.
  private func find(_ text: [UInt8], from start: Int) throws -> Int {
    let span = bytes.span
    var index = start
    while let found = span.firstIndex(of: text[0], in: index..<max(index, bytes.count)) {
      if bytes[found...].starts(with: text) { return found }
      index = found + 1
    }
    throw Self.damaged()
  }

  /// Takes back what browsers escape in names (WHATWG HTML §4.10.21.8).
  private static func unescape(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let escaped = escapes[String(decoding: rest.prefix(2), as: UTF8.self)] {
        result.append(escaped)
        rest.removeFirst(2)
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static let escapes: [String: UInt8] = ["22": 0x22, "0D": 0x0D, "0A": 0x0A]

  private static func damaged() -> HTTPStatusError {
    HTTPStatusError(.badRequest, "The form is damaged.")
  }
}
