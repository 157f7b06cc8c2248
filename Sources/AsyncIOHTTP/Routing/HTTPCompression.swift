import HTTPTypes

/// Compresses responses for clients that understand `gzip`.
///
/// ```swift
/// router.use(HTTPCompression())
/// ```
///
/// Text, JSON, XML, SVG and their like are compressed, if they are large enough or written piece by piece, and not encoded already;
/// each piece goes out when it is written. Files and parts of something are sent as they are: what is read from a file is better
/// compressed once (``HTTPStaticFiles/Options/usesCompressedSiblings``).
///
/// Where a response has both a secret and something that its reader has chosen, compressing it gives the secret away by its
/// length (BREACH): leave such routes out.
public struct HTTPCompression: HTTPServerMiddleware {
  private let minimumSize: Int
  private let level: Int

  /// Makes the middleware.
  ///
  /// - Parameters:
  ///   - minimumSize: How many bytes a body must have to be worth it.
  ///   - level: From 1, the fastest, to 9, the smallest.
  public init(minimumSize: Int = 1024, level: Int = 5) {
    precondition((1...9).contains(level), "The level of compression is 1 to 9, not \(level).")
    self.minimumSize = minimumSize
    self.level = level
  }

  /// Compresses the response to a request where that is wanted.
  ///
  /// - Throws: What `next` throws.
  ///
  /// ## Cancellation
  /// Comes to `next`.
  public func respond(
    to request: HTTPServerRequest, next: @escaping HTTPServer.Handler
  ) async throws -> HTTPServerResponse {
    var response = try await next(request)
    guard isFit(response) else { return response }
    response.fields.append(HTTPField(name: .vary, value: "Accept-Encoding"))
    guard HTTPAcceptEncoding(request.values(of: .acceptEncoding)).allows("gzip") else { return response }
    // To HEAD the same is said as to GET, but for the length, which only compressing would tell.
    response.body = request.method == .head ? .stream(length: nil) { _ in } : compress(response.body)
    response.fields[.contentEncoding] = "gzip"
    response.fields[.contentLength] = nil
    // It is another sequence of bytes now (RFC 9110 §8.8.1).
    if let tag = response.fields[.eTag], !tag.hasPrefix("W/") { response.fields[.eTag] = "W/\(tag)" }
    return response
  }

  private func isFit(_ response: HTTPServerResponse) -> Bool {
    guard response.status != .partialContent, !response.fields.contains(.contentEncoding),
      !(response.fields[.cacheControl]?.lowercased().contains("no-transform") ?? false),
      let type = response.fields[.contentType], Self.isText(type)
    else { return false }
    switch response.body {
    case .bytes(let bytes): return bytes.count >= minimumSize
    case .stream(let length, _): return length ?? .max >= minimumSize
    case .file, .upgrade: return false
    }
  }

  private static func isText(_ field: String) -> Bool {
    let type = field.prefix { $0 != ";" }.trimmed.lowercased()
    if type.hasPrefix("text/") || type.hasSuffix("+json") || type.hasSuffix("+xml") { return true }
    return [
      "application/json", "application/javascript", "application/xml", "application/wasm", "application/yaml",
    ]
    .contains(type)
  }

  private func compress(_ body: HTTPServerResponse.Body) -> HTTPServerResponse.Body {
    switch body {
    case .file, .upgrade: return body
    case .bytes(let bytes): return .bytes(ZlibCompressor(level: level).compress(bytes, .finish))
    case .stream(_, let write):
      let level = level
      return .stream(length: nil) { writer in
        writer.compressor = ZlibCompressor(level: level)
        try await write(writer)
      }
    }
  }
}
