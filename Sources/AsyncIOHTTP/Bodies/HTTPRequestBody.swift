/// The body of a request: bytes that are there, or what writes them.
///
/// ```swift
/// try await session.post("/notes", body: .text("remember"))
/// try await session.post("/login", body: .form(["name": "me", "password": secret]))
/// try await session.put("/backup", body: .stream(length: size) { writer in
///   for try await chunk in chunks { try await writer.write(chunk) }
/// })
/// ```
public struct HTTPRequestBody: Sendable {
  /// Writes a body piece by piece.
  public typealias Write = @Sendable (HTTPRequestBodyWriter) async throws -> Void

  enum Storage: Sendable {
    case bytes([UInt8])
    case stream(length: Int?, isRepeatable: Bool, Write)
  }

  let storage: Storage
  /// What `Content-Type` says unless the request's fields do.
  public var contentType: String?

  init(_ storage: Storage, contentType: String?) {
    self.storage = storage
    self.contentType = contentType
  }

  /// No body.
  public static var none: HTTPRequestBody { HTTPRequestBody(.bytes([]), contentType: nil) }

  /// What is there already.
  public static func bytes(_ bytes: [UInt8], contentType: String? = nil) -> HTTPRequestBody {
    HTTPRequestBody(.bytes(bytes), contentType: contentType)
  }

  /// Text, in UTF-8.
  public static func text(
    _ text: String, contentType: String = "text/plain; charset=utf-8"
  ) -> HTTPRequestBody {
    .bytes(Array(text.utf8), contentType: contentType)
  }

  /// A form as a browser sends it by default.
  public static func form(_ parameters: HTTPParameters) -> HTTPRequestBody {
    .bytes(Array(parameters.encoded.utf8), contentType: "application/x-www-form-urlencoded")
  }

  /// What a closure writes, with back-pressure: a write waits while the server is slower.
  ///
  /// The closure runs beside the reading of the response, so that a server that answers early is heard; it is cancelled, and
  /// waited for, when that has ended before it.
  ///
  /// - Parameters:
  ///   - length: how many bytes will be written, if that is known; chunks are sent otherwise.
  ///   - contentType: what `Content-Type` says.
  ///   - isRepeatable: whether the closure may be called again for a redirect or a second attempt, and writes the same then.
  ///   - write: writes the body.
  /// - Returns: the body.
  public static func stream(
    length: Int? = nil, contentType: String? = nil, isRepeatable: Bool = false, write: @escaping Write
  ) -> HTTPRequestBody {
    precondition(length ?? 0 >= 0, "A body of \(length ?? 0) bytes cannot be; give a length of 0 or more.")
    return HTTPRequestBody(
      .stream(length: length, isRepeatable: isRepeatable, write), contentType: contentType)
  }

  /// The pieces of an asynchronous sequence; the next one is asked for when the last was taken.
  ///
  /// - Parameters:
  ///   - pieces: the body; iterated once.
  ///   - length: how many bytes they have together, if that is known; chunks are sent otherwise.
  ///   - contentType: what `Content-Type` says.
  /// - Returns: the body.
  public static func sequence<Pieces: AsyncSequence & Sendable>(
    _ pieces: Pieces, length: Int? = nil, contentType: String? = nil
  ) -> HTTPRequestBody where Pieces.Element == [UInt8] {
    .stream(length: length, contentType: contentType) { writer in
      for try await piece in pieces { try await writer.write(piece) }
    }
  }

  /// How many bytes there are, if that is known.
  public var length: Int? {
    switch storage {
    case .bytes(let bytes): bytes.count
    case .stream(let length, _, _): length
    }
  }

  /// Whether the body can be sent a second time, for a redirect or another attempt.
  public var isRepeatable: Bool {
    switch storage {
    case .bytes: true
    case .stream(_, let isRepeatable, _): isRepeatable
    }
  }

  /// The bytes, if they are there.
  public var bytes: [UInt8]? {
    if case .bytes(let bytes) = storage { bytes } else { nil }
  }

  /// Up to this size a body goes out with its head.
  private static let joinedSize = 16 * 1024

  /// Whether it goes out with its head, and not beside the reading of the response.
  var isJoined: Bool {
    if case .bytes(let bytes) = storage { bytes.count <= Self.joinedSize } else { false }
  }

  /// How it is written where it does not go out with its head.
  var separate: (length: Int?, write: Write)? {
    switch storage {
    case .bytes where isJoined: return nil
    case .bytes(let bytes): return (bytes.count, { try await $0.write(bytes) })
    case .stream(let length, _, let write): return (length, write)
    }
  }

  var isEmpty: Bool {
    if case .bytes(let bytes) = storage { bytes.isEmpty } else { false }
  }
}
