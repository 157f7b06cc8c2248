import AsyncIORuntime
public import HTTPTypes

extension HTTPSession {
  /// Sends a request, and runs `body` with the response as soon as its head has come.
  ///
  /// ```swift
  /// let size = try await session.stream(.get, "http://example.org/big") { response in
  ///   try response.raiseForStatus()
  ///   var size = 0
  ///   for try await piece in response.body { size += piece.count }
  ///   return size
  /// }
  /// ```
  ///
  /// The connection belongs to the response until `body` returns. If the body was read to its end by then the connection is
  /// kept, otherwise it is closed.
  ///
  /// - Parameters:
  ///   - request: what to send. Its timeout, if it has one, is for everything; the session's is for the head, and then for each
  ///     piece.
  ///   - body: what to do with the response.
  /// - Returns: what `body` returns.
  /// - Throws: as `send`; what `body` throws.
  ///
  /// ## Cancellation
  /// Closes the connection of the request, if it has one.
  public func stream<Result>(
    _ request: HTTPClientRequest, _ body: (HTTPStreamedResponse) async throws -> Result
  ) async throws -> Result {
    let response = HTTPStreamedResponse(try await open(request))
    do {
      let result = try await body(response)
      await response.end()
      return result
    } catch {
      await response.end()
      throw error
    }
  }

  /// Sends a request, and runs `body` with the response as soon as its head has come.
  ///
  /// - Parameters:
  ///   - method: what is to be done.
  ///   - url: an absolute URL, or one relative to the session's.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - requestBody: the body of the request.
  ///   - timeout: how long everything may take; if nil, the session's for the head, and then for each piece.
  ///   - body: what to do with the response.
  /// - Returns: what `body` returns.
  /// - Throws: as `send`; what `body` throws.
  ///
  /// ## Cancellation
  /// Closes the connection of the request, if it has one.
  public func stream<Result>(
    _ method: HTTPRequest.Method, _ url: some HTTPURLConvertible, parameters: HTTPParameters = [:],
    fields: HTTPFields = [:], requestBody: HTTPRequestBody = .none, timeout: Duration? = nil,
    _ body: (HTTPStreamedResponse) async throws -> Result
  ) async throws -> Result {
    try await stream(
      request(method, url, parameters: parameters, fields: fields, body: requestBody, timeout: timeout), body)
  }

  /// Sends a request whose response has no end that anybody knows, and reads the head.
  ///
  /// - Parameters:
  ///   - request: what to send.
  ///   - silence: how long the server may be silent after that; nil for any time.
  /// - Returns: the response.
  /// - Throws: as `send`.
  func openEndless(_ request: HTTPClientRequest, silence: Duration?) async throws -> HTTPStreamedResponse {
    try Task.checkCancellation()
    var call = try makeCall(request)
    call.isStreaming = true
    call.isEndless = true
    call.silenceLimit = silence
    return HTTPStreamedResponse(try await sendInLayers(request, call))
  }

  private func open(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
    try Task.checkCancellation()
    var call = try makeCall(request)
    call.isStreaming = true
    call.boundsStream = request.timeout != nil
    return try await sendInLayers(request, call)
  }
}
