public import HTTPTypes

/// What a server answers.
///
/// ```swift
/// HTTPServerResponse(text: "hello\n")
/// HTTPServerResponse(status: .notFound)
/// HTTPServerResponse(fields: [.contentType: "text/plain"]) { writer in
///   for number in 1...3 { try await writer.write("\(number)\n") }
/// }
/// ```
///
/// The server adds `Date`, how the body is framed, and what there is to say about the connection. Give `Connection:
/// close` to have it closed after this response.
public struct HTTPServerResponse: Sendable {
  enum Body: Sendable {
    case bytes([UInt8])
    case stream(length: Int?, @Sendable (HTTPResponseWriter) async throws -> Void)
    case file(HTTPFileSlice)
    /// There is none: the connection leaves HTTP after the head.
    case upgrade(@Sendable (HTTPUpgradedConnection) async -> Void)
  }

  /// The status.
  public var status: HTTPResponse.Status
  /// The fields beside those that the server adds.
  public var fields: HTTPFields
  var body: Body

  /// Whether code of the handler is still to run, which may read the body of the request.
  var isWrittenByHandler: Bool {
    if case .stream = body { true } else { false }
  }

  /// The body, for tests of handlers; nil if it is only written, or read from a file, when it is sent.
  public var bytes: [UInt8]? {
    if case .bytes(let bytes) = body { bytes } else { nil }
  }

  /// Creates a response with a body that is there.
  ///
  /// - Parameters:
  ///   - status: the status.
  ///   - fields: fields beside those that the server adds.
  ///   - body: the body; empty for none.
  public init(status: HTTPResponse.Status = .ok, fields: HTTPFields = [:], body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = .bytes(body)
  }

  /// Creates a response with text as its body.
  ///
  /// - Parameters:
  ///   - status: the status.
  ///   - fields: further fields; `Content-Type` is plain text unless it is given.
  ///   - text: the body.
  public init(status: HTTPResponse.Status = .ok, fields: HTTPFields = [:], text: String) {
    // Shared, so that the usual response makes no fields of its own.
    self.init(status: status, fields: fields.isEmpty ? Self.textFields : fields, body: Array(text.utf8))
    if !self.fields.contains(.contentType) { self.fields[.contentType] = "text/plain; charset=utf-8" }
  }

  private static let textFields: HTTPFields = [.contentType: "text/plain; charset=utf-8"]

  /// Creates a response whose body is written piece by piece.
  ///
  /// An error of `write` cuts the connection, as the status has been sent: so the client notices. To `HEAD` the body is
  /// not asked for at all.
  ///
  /// - Parameters:
  ///   - status: the status.
  ///   - fields: fields beside those that the server adds.
  ///   - length: how many bytes will be written, if that is known; chunks are sent otherwise.
  ///   - write: writes the body.
  public init(
    status: HTTPResponse.Status = .ok, fields: HTTPFields = [:], length: Int? = nil,
    write: @escaping @Sendable (HTTPResponseWriter) async throws -> Void
  ) {
    precondition(length ?? 0 >= 0, "A body of \(length ?? 0) bytes cannot be; give a length of 0 or more.")
    self.status = status
    self.fields = fields
    body = .stream(length: length, write)
  }
}
