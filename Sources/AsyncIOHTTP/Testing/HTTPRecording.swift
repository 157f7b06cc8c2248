import HTTPTypes
import Synchronization

/// Exchanges that were recorded, to be played again without a server.
///
/// ```swift
/// let recorder = HTTPRecorder()
/// configuration.middleware = [recorder]
/// // … requests …
/// try JSONEncoder().encode(recorder.recording)      // into a file, and from it in tests:
/// configuration.middleware = [HTTPPlayer(recording)]
/// ```
///
/// Fields that tell who the user is are not kept.
public struct HTTPRecording: Codable, Hashable, Sendable {
  /// A field with its value.
  public struct Field: Codable, Hashable, Sendable {
    /// The name.
    public var name: String
    /// The value.
    public var value: String
  }

  /// A request with its response.
  public struct Exchange: Codable, Hashable, Sendable {
    /// What was to be done.
    public var method: String
    /// Where it went.
    public var url: String
    /// The body of the request; empty where it was a stream.
    public var requestBody: [UInt8]
    /// The status code.
    public var status: Int
    /// The fields of the response, without `Set-Cookie`.
    public var fields: [Field]
    /// The body of the response.
    public var body: [UInt8]
  }

  /// The exchanges in their order.
  public var exchanges: [Exchange] = []

  /// Makes an empty recording.
  public init() {}
}

/// Records exchanges.
///
/// Responses that are streamed are recorded without their bodies.
public final class HTTPRecorder: HTTPMiddleware {
  private let state = Mutex(HTTPRecording())

  /// Makes a recorder with nothing in it.
  public init() {}

  /// What was recorded until now.
  public var recording: HTTPRecording { state.withLock { $0 } }

  /// Sends the request on, and records it with the response.
  public func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
    let response = try await next(request)
    let fields = response.fields.filter { $0.name != .setCookie }
    let exchange = HTTPRecording.Exchange(
      method: request.method.rawValue, url: request.url.description, requestBody: request.body.bytes ?? [],
      status: response.status.code, fields: fields.map { .init(name: $0.name.rawName, value: $0.value) },
      body: response.body)
    state.withLock { $0.exchanges.append(exchange) }
    return response
  }
}

/// Plays a recording: each exchange answers one request with its method, URL and body; the last one of equal ones any more.
public final class HTTPPlayer: HTTPMiddleware {
  private struct Key: Hashable {
    let method: String
    let url: String
    let body: [UInt8]
  }

  private let state: Mutex<[Key: [HTTPRecording.Exchange]]>

  /// Makes a player.
  ///
  /// - Parameter recording: what to play.
  public init(_ recording: HTTPRecording) {
    var exchanges: [Key: [HTTPRecording.Exchange]] = [:]
    for exchange in recording.exchanges {
      let key = Key(method: exchange.method, url: exchange.url, body: exchange.requestBody)
      exchanges[key, default: []].append(exchange)
    }
    state = Mutex(exchanges)
  }

  /// Answers the request from the recording.
  ///
  /// - Throws: ``HTTPError`` with the code `noRoute` if it is not in it.
  public func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
    let key = Key(
      method: request.method.rawValue, url: request.url.description, body: request.body.bytes ?? [])
    let exchange: HTTPRecording.Exchange? = state.withLock { exchanges in
      guard let list = exchanges[key], let first = list.first else { return nil }
      if list.count > 1 { exchanges[key] = Array(list.dropFirst()) }
      return first
    }
    guard let exchange else { throw HTTPError.noRoute(request) }
    var fields = HTTPFields()
    // The body is kept as it was after these were taken off.
    let framing: Set<HTTPField.Name> = [.contentEncoding, .contentLength, .transferEncoding]
    for field in exchange.fields {
      guard let name = HTTPField.Name(field.name), !framing.contains(name) else { continue }
      fields.append(HTTPField(name: name, value: field.value))
    }
    return HTTPClientResponse(
      status: .init(code: exchange.status), fields: fields, body: exchange.body, to: request)
  }
}
