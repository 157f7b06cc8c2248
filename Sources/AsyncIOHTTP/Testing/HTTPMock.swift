public import HTTPTypes
import Synchronization

/// Answers requests without a server, and keeps what was asked: for tests of programs that use a session.
///
/// ```swift
/// let mock = HTTPMock()
/// mock.on(.get, "/users/*") { request in try .json(User(name: request.url.path), to: request) }
/// mock.on(.post, "https://example.org/users") { request in HTTPClientResponse(status: .created, to: request) }
///
/// var configuration = HTTPSession.Configuration()
/// configuration.baseURL = try HTTPURL("https://example.org")
/// configuration.middleware = [mock]
/// ```
///
/// A middleware before it sees its responses as if they came from a server; none behind it is reached.
public final class HTTPMock: HTTPMiddleware {
  /// Answers a request.
  public typealias Answer = @Sendable (HTTPClientRequest) async throws -> HTTPClientResponse

  private struct Route: Sendable {
    let method: HTTPRequest.Method?
    let pattern: HTTPURLPattern
    let answer: Answer
  }

  private struct State {
    var routes: [Route] = []
    var requests: [HTTPClientRequest] = []
  }

  private let state = Mutex(State())

  /// Makes a mock that answers nothing.
  public init() {}

  /// Adds an answer; of several that fit, the one added first is taken.
  ///
  /// - Parameters:
  ///   - method: the method; nil for any.
  ///   - pattern: a path, or a URL without a query; `*` stands for any text.
  ///   - answer: answers the request.
  public func on(_ method: HTTPRequest.Method? = nil, _ pattern: String, _ answer: @escaping Answer) {
    let route = Route(method: method, pattern: HTTPURLPattern(pattern), answer: answer)
    state.withLock { $0.routes.append(route) }
  }

  /// What was asked until now, in its order.
  public var requests: [HTTPClientRequest] { state.withLock { $0.requests } }

  /// Answers the request by the first route that fits.
  ///
  /// - Throws: ``HTTPError`` with the code `noRoute` if none does; what the route throws.
  public func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
    let route = state.withLock { state in
      state.requests.append(request)
      return state.routes.first { route in
        route.method ?? request.method == request.method && route.pattern.matches(request.url)
      }
    }
    guard let route else { throw HTTPError.noRoute(request) }
    return try await route.answer(request)
  }
}

extension HTTPError {
  static func noRoute(_ request: HTTPClientRequest) -> HTTPError {
    HTTPError(
      code: .noRoute, message: "\(request.title): the mock has no answer to this; add one with on(_:_:)",
      url: request.url)
  }
}

/// A path, or a URL without a query, in which `*` stands for any text.
struct HTTPURLPattern: Hashable, Sendable {
  private let parts: [String]
  private let isPath: Bool

  init(_ text: String) {
    parts = text.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
    isPath = text.hasPrefix("/") || text.hasPrefix("*")
  }

  func matches(_ url: HTTPURL) -> Bool {
    var rest = (isPath ? url.path : "\(url.scheme)://\(url.authority)\(url.path)")[...]
    guard let first = parts.first, rest.hasPrefix(first) else { return false }
    rest = rest.dropFirst(first.count)
    if parts.count == 1 { return rest.isEmpty }
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let range = rest.firstRange(of: part) else { return false }
      rest = rest[range.upperBound...]
    }
    return rest.hasSuffix(parts[parts.count - 1])
  }
}
