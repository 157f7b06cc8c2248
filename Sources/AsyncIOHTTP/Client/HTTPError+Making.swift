import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTLS
import HTTPTypes

// The session's errors, made out of line.

extension HTTPError {
  static func notSecured(_ request: HTTPClientRequest, _ error: TLSError) -> HTTPError {
    HTTPError(
      code: .secureConnectionFailed, message: "\(request.title): no secure connection: \(error)",
      url: request.url, underlying: error)
  }

  static func proxyFailed(_ request: HTTPClientRequest, _ error: HTTPProxyError) -> HTTPError {
    HTTPError(
      code: .proxyFailed, message: "\(request.title): \(error)", url: request.url, status: error.status,
      underlying: error.underlying)
  }

  static func connectionFailed(_ request: HTTPClientRequest, _ error: IOError) -> HTTPError {
    HTTPError(
      code: .connectionFailed, message: "\(request.title): cannot connect: \(error)", url: request.url,
      underlying: error)
  }

  static func connectionLost(
    _ request: HTTPClientRequest, _ phase: HTTPPhase, _ error: any Error
  ) -> HTTPError {
    HTTPError(
      code: .connectionLost,
      message: "\(request.title): the connection was lost while \(phase.rawValue): \(error)",
      url: request.url, underlying: error)
  }

  static func streamFailed(
    _ request: HTTPClientRequest, _ phase: HTTPPhase, _ error: HTTP2Error
  ) -> HTTPError {
    HTTPError(
      code: error.isOfConnection ? .connectionLost : .streamReset,
      message: "\(request.title): no answer over HTTP/2 while \(phase.rawValue): \(error)",
      url: request.url, underlying: error)
  }

  static func noResponse(_ request: HTTPClientRequest) -> HTTPError {
    HTTPError(
      code: .connectionLost, message: "\(request.title): the server closed the connection without an answer",
      url: request.url)
  }

  static func bodyTooLarge(_ request: HTTPClientRequest, _ error: HTTPBodyTooLarge) -> HTTPError {
    let size = error.announced.map { "has \($0) bytes" } ?? "goes on"
    return HTTPError(
      code: .bodyTooLarge,
      message: "\(request.title): the body \(size), beyond the session's limit of \(error.limit) bytes; "
        + "raise maximumBodySize if it is wanted",
      url: request.url)
  }

  static func tooManyInterim(
    _ request: HTTPClientRequest, _ error: HTTPTooManyInterimResponses
  ) -> HTTPError {
    HTTPError(
      code: .tooManyInterimResponses,
      message: "\(request.title): more than \(error.limit) interim responses came before any final one",
      url: request.url)
  }

  static func sessionClosed(_ request: HTTPClientRequest) -> HTTPError {
    HTTPError(
      code: .sessionClosed, message: "\(request.title): the session was closed", url: request.url)
  }
}

extension HTTPError {
  static func unsuccessful(_ response: HTTPClientResponse) -> HTTPError {
    HTTPError(
      code: .unsuccessfulStatus,
      message: "\(response.method) \(response.url): the server answered \(response.status)",
      url: response.url,
      status: response.status)
  }

  static func invalidJSON(
    _ response: HTTPClientResponse, _ type: String, _ error: any Error
  ) -> HTTPError {
    let beginning = String(response.text.prefix(80)).debugDescription
    return HTTPError(
      code: .invalidJSON,
      message:
        "\(response.method) \(response.url): the body is no JSON of a \(type); it begins with \(beginning)",
      url: response.url, status: response.status, underlying: error)
  }

  static func timedOut(_ request: HTTPClientRequest, _ timedOut: HTTPTimedOut) -> HTTPError {
    var error = HTTPError(
      code: .timedOut, message: "\(request.title): \(timedOut.phase.rawValue) (\(timedOut.timings))",
      url: request.url)
    error.timings = timedOut.timings
    error.phase = timedOut.phase
    return error
  }

  static func streamEnded(_ method: HTTPRequest.Method, _ url: HTTPURL) -> HTTPError {
    HTTPError(
      code: .streamEnded,
      message:
        "\(method) \(url): the body can be read only within the closure that the response was given to",
      url: url)
  }

  static func invalidContentEncoding(_ request: HTTPClientRequest, _ error: any Error) -> HTTPError {
    HTTPError(
      code: .invalidContentEncoding, message: "\(request.title): the body cannot be decompressed: \(error)",
      url: request.url, underlying: error)
  }
}

extension TimeoutError {
  /// Time has run out in a middleware, and not in an exchange with a server.
  static func inMiddleware(_ request: HTTPClientRequest, _ call: HTTPCall) -> TimeoutError {
    var timings = HTTPTimings()
    timings.earlier = call.start.duration(to: .now)
    return TimeoutError(
      after: call.timeout,
      cause: HTTPError.timedOut(request, HTTPTimedOut(phase: .middleware, timings: timings, limit: nil)))
  }
}

extension HTTPClientRequest {
  /// The method and the URL, with which messages begin.
  var title: String { "\(method) \(url)" }
}
