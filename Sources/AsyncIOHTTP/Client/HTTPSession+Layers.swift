// The long way of a request, from the outside to the inside: redirects, then each middleware, then cookies, then the exchange
// with the server. Each hop of a redirect goes through all that is inside of redirects.

import AsyncIOCoordination
import AsyncIORuntime
import HTTPTypes

extension HTTPSession {
  /// Sends a request through everything that the session has.
  func sendInLayers(_ request: HTTPClientRequest, _ call: HTTPCall) async throws -> HTTPClientResponse {
    let request = withDefaults(request)
    if configuration.middleware.isEmpty { return try await follow(request, nil, call) }
    do {
      return try await withDeadline(call.deadline) { scope in
        var call = call
        call.scope = scope
        return try await self.follow(request, nil, call)
      }
    } catch let error as TimeoutError {
      // Of a caller that was cancelled too, time is not the reason.
      if Task.isCancelled { throw CancellationError() }
      guard error.cause == nil, LoopClock.now >= call.deadline else { throw error }
      throw TimeoutError.inMiddleware(request, call)
    }
  }

  /// Does what is left to do after an exchange that went the short way.
  func care(
    for response: HTTPClientResponse, to request: HTTPClientRequest, _ call: HTTPCall
  ) async throws -> HTTPClientResponse {
    if response.head.facts.setsCookies { configuration.cookies?.store(response) }
    let response = try decompressed(response, request)
    guard response.head.code >= 300, response.head.code < 400 else { return response }
    return try await follow(withDefaults(request), response, call)
  }

  /// The request with the session's fields, where it has none of the same name.
  private func withDefaults(_ request: HTTPClientRequest) -> HTTPClientRequest {
    var request = request
    let own = request.fields
    for field in defaultFields where !own.contains(field.name) { request.fields.append(field) }
    return request
  }

  /// Sends a request, unless it has an answer already, and then those that redirects ask for.
  private func follow(
    _ request: HTTPClientRequest, _ answer: HTTPClientResponse?, _ call: HTTPCall
  ) async throws -> HTTPClientResponse {
    var request = request
    var answer = answer
    var history: [HTTPClientResponse] = []
    while true {
      let response: HTTPClientResponse
      if let known = answer.take() {
        response = known
      } else {
        response = try await HTTPNext(session: self, index: 0, call: call)(request)
      }
      guard case .follow(let limit) = request.redirects ?? configuration.redirects,
        let next = try request.following(response)
      else { return history.isEmpty ? response : response.replacing(history: history) }
      await response.extras?.stream?.end()
      guard history.count < limit else { throw HTTPError.tooManyRedirects(request, limit, to: next.url) }
      history.append(response.withoutStream)
      request = next
    }
  }

  // MARK: One exchange

  /// Sends a request to the server itself.
  func exchange(_ request: HTTPClientRequest, _ call: HTTPCall) async throws -> HTTPClientResponse {
    var request = request
    configuration.cookies?.apply(to: &request)
    let response = try await open(request, call)
    if response.head.facts.setsCookies { configuration.cookies?.store(response) }
    guard !call.isStreaming, let stream = response.extras?.stream else { return response }
    return response.collected(try await stream.collect(upTo: configuration.maximumBodySize), stream.trailers)
  }

  /// Sends a request and reads the head of the response.
  private func open(_ request: HTTPClientRequest, _ call: HTTPCall) async throws -> HTTPClientResponse {
    try Task.checkCancellation()
    do {
      var connection = try await pool.acquire(request.url, call)
      while true {
        let isReused = connection.isUsed
        do {
          let opened = try await connection.open(request, bareRules)
          return try respond(opened, on: connection, isReused, request, call)
        } catch {
          let mayRetry = connection.mayRetry(request.method, after: error) && request.body.isRepeatable
          if !mayRetry || Task.isCancelled {
            let cause = cause(of: error, on: connection, request, call)
            report(connection, request, isReused: isReused, .failure(cause))
            pool.discard(connection)
            throw cause
          }
        }
        connection = try await pool.replace(connection, for: request.url, call)
      }
    } catch {
      throw Self.publicError(error, request, call)
    }
  }

  /// Makes a response whose body follows.
  private func respond(
    _ opened: HTTPOpenedResponse, on connection: HTTPConnection, _ isReused: Bool,
    _ request: HTTPClientRequest, _ call: HTTPCall
  ) throws -> HTTPClientResponse {
    let inflater =
      opened.framing != .none && opened.head.facts.hasContentEncoding && configuration.decompresses
      ? HTTPInflater(opened.head.fields.values(of: .contentEncoding)) : nil
    let timings = report(connection, request, isReused: isReused, .success(opened.head.status))
    let reading = HTTPResponseStream.Reading(
      connection: connection, decoder: HTTPBodyDecoder(opened.framing, limits: configuration.limits),
      inflater: inflater, isReusable: opened.isReusable, upload: opened.upload)
    if call.isStreaming, !call.boundsStream { connection.unbound() } else { connection.bound(by: nil) }
    var reader = call
    // A stream is read when the scope has ended.
    if call.isStreaming { reader.scope = nil }
    let stream = HTTPResponseStream(reading, of: self, for: request, reader)
    // After an agreed upgrade what follows is no body, and the connection is not given back.
    if !call.isUpgrading || opened.head.code != 101 { stream.finishIfComplete() }
    return HTTPClientResponse(
      to: request.method, request.url, head: opened.head, body: HTTPCollectedBody(),
      extras: HTTPClientResponse.Extras(timings: timings, stream: stream))
  }

  @discardableResult
  private func report(
    _ connection: HTTPConnection, _ request: HTTPClientRequest, isReused: Bool,
    _ outcome: Result<HTTPResponse.Status, any Error>
  ) -> HTTPTimings? {
    guard configuration.onExchange != nil || !configuration.middleware.isEmpty else { return nil }
    let timings = connection.timeline.timings(endingIn: connection.phase, at: .now)
    var report = HTTPExchangeReport(
      method: request.method, url: request.url, status: nil, error: nil, isConnectionReused: isReused,
      timings: timings)
    switch outcome {
    case .success(let status): report.status = status
    case .failure(let error): report.error = error
    }
    configuration.onExchange?(report)
    return timings
  }

  // MARK: Bodies

  private func decompressed(
    _ response: HTTPClientResponse, _ request: HTTPClientRequest
  ) throws -> HTTPClientResponse {
    guard configuration.decompresses, response.head.facts.hasContentEncoding, !response.body.isEmpty else {
      return response
    }
    do {
      guard let inflater = HTTPInflater(response.values(of: .contentEncoding)) else { return response }
      var response = response
      response.body = try inflater.inflate(
        response.body, isLast: true, limit: configuration.maximumBodySize)
      return response
    } catch let error as HTTPInflationError {
      throw HTTPError.invalidContentEncoding(request, error)
    } catch let error as HTTPBodyTooLarge {
      throw HTTPError.bodyTooLarge(request, error)
    }
  }
}

extension HTTPError {
  static func tooManyRedirects(_ request: HTTPClientRequest, _ limit: Int, to url: HTTPURL) -> HTTPError {
    HTTPError(
      code: .tooManyRedirects,
      message: "\(request.title): more than \(limit) redirects came, the last one to \(url); "
        + "the server may go round in circles", url: request.url)
  }
}
