public import AsyncIORuntime

/// A form with files (RFC 7578), as a browser sends it.
///
/// ```swift
/// var form = HTTPMultipart()
/// form.append("title", "Holidays")
/// form.append("photo", file: "beach.jpg", contentType: "image/jpeg")
/// try await session.post("/photos", body: .multipart(form))
/// ```
///
/// Files are read while they are sent, a piece at a time.
public struct HTTPMultipart: Sendable {
  enum Content: Sendable {
    case bytes([UInt8])
    case file(path: String)
  }

  private struct Part: Sendable {
    let head: [UInt8]
    let content: Content
  }

  private var parts: [Part] = []
  /// What separates the parts.
  public let boundary: String

  /// Makes an empty form.
  ///
  /// - Parameter boundary: 1 to 70 letters, digits, hyphens and underscores that stand nowhere in the parts; one by chance if nil.
  public init(boundary: String? = nil) {
    let boundary =
      boundary ?? "swift-asyncio-"
      + (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
    precondition(
      (1...70).contains(boundary.utf8.count)
        && boundary.utf8.allSatisfy { $0.isDigit || ($0 | 0x20) &- 0x61 < 26 || $0 == 0x2D || $0 == 0x5F },
      "A boundary has 1 to 70 letters, digits, hyphens and underscores; \(boundary.debugDescription) has not."
    )
    self.boundary = boundary
  }

  /// Adds a field.
  ///
  /// - Parameters:
  ///   - name: the name of the field.
  ///   - value: its value.
  public mutating func append(_ name: String, _ value: some LosslessStringConvertible) {
    add(name, nil, nil, .bytes(Array(value.description.utf8)))
  }

  /// Adds bytes as a file.
  ///
  /// - Parameters:
  ///   - name: the name of the field.
  ///   - bytes: what is in the file.
  ///   - filename: the name of the file; nil for a field that is no file.
  ///   - contentType: what is in it.
  public mutating func append(
    _ name: String, bytes: [UInt8], filename: String?, contentType: String = "application/octet-stream"
  ) {
    add(name, filename, contentType, .bytes(bytes))
  }

  /// Adds a file, which is read when it is sent.
  ///
  /// - Parameters:
  ///   - name: the name of the field.
  ///   - path: where the file is.
  ///   - filename: what the server is told; the last part of the path if nil.
  ///   - contentType: what is in it.
  public mutating func append(
    _ name: String, file path: String, filename: String? = nil,
    contentType: String = "application/octet-stream"
  ) {
    let last = path.split(separator: "/").last.map(String.init) ?? path
    add(name, filename ?? last, contentType, .file(path: path))
  }

  private mutating func add(_ name: String, _ filename: String?, _ contentType: String?, _ content: Content) {
    var head = "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(Self.escape(name))\""
    if let filename { head += "; filename=\"\(Self.escape(filename))\"" }
    if let contentType {
      precondition(
        !contentType.utf8.contains { $0.isForbiddenControl },
        "A content type has no control characters; \(contentType.debugDescription) has.")
      head += "\r\nContent-Type: \(contentType)"
    }
    parts.append(Part(head: Array((head + "\r\n\r\n").utf8), content: content))
  }

  /// As browsers do (WHATWG HTML §4.10.21.8), so that a name cannot end its line or its quotes.
  private static func escape(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": escaped += "%22"
      case "\r": escaped += "%0D"
      case "\n": escaped += "%0A"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  // MARK: Sending

  fileprivate var end: [UInt8] { Array("--\(boundary)--\r\n".utf8) }

  /// How long the whole is.
  fileprivate func length() throws(IOError) -> Int {
    var length = end.count
    for part in parts {
      length += part.head.count + 2
      switch part.content {
      case .bytes(let bytes): length += bytes.count
      case .file(let path): length += try HTTPBodyFile.size(path)
      }
    }
    return length
  }

  fileprivate func write(_ writer: HTTPRequestBodyWriter) async throws {
    for part in parts {
      try await writer.write(part.head)
      switch part.content {
      case .bytes(let bytes): try await writer.write(bytes)
      case .file(let path): try await HTTPBodyFile.write(path, to: writer)
      }
      try await writer.write("\r\n")
    }
    try await writer.write(end)
  }
}

extension HTTPRequestBody {
  /// A form with files.
  ///
  /// - Parameter form: the form.
  /// - Returns: the body, which can be sent again.
  /// - Throws: `IOError` for a file that is not there.
  public static func multipart(_ form: HTTPMultipart) throws(IOError) -> HTTPRequestBody {
    .stream(
      length: try form.length(), contentType: "multipart/form-data; boundary=\(form.boundary)",
      isRepeatable: true
    ) { try await form.write($0) }
  }

  /// A file, which is read while it is sent, a piece at a time.
  ///
  /// - Parameters:
  ///   - path: where the file is.
  ///   - contentType: what is in it.
  /// - Returns: the body, which can be sent again.
  /// - Throws: `IOError` for a file that is not there.
  public static func file(
    _ path: String, contentType: String = "application/octet-stream"
  ) throws(IOError) -> HTTPRequestBody {
    .stream(length: try HTTPBodyFile.size(path), contentType: contentType, isRepeatable: true) { writer in
      try await HTTPBodyFile.write(path, to: writer)
    }
  }
}
