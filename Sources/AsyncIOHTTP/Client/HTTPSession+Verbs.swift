public import HTTPTypes

// One function for each method. They are as short as they can be made for who calls them, and all end in `send`.

extension HTTPSession {
  /// Makes a request as the verbs do: relative to the base URL, with the session's parameters.
  ///
  /// - Parameters:
  ///   - method: what is to be done.
  ///   - url: an absolute URL, or one relative to the session's.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - body: the body.
  ///   - timeout: how long everything may take; the session's if nil.
  /// - Returns: the request, for `send` or `stream`.
  /// - Throws: `HTTPURLError`.
  public func request(
    _ method: HTTPRequest.Method, _ url: some HTTPURLConvertible, parameters: HTTPParameters = [:],
    fields: HTTPFields = [:], body: HTTPRequestBody = .none, timeout: Duration? = nil
  ) throws(HTTPURLError) -> HTTPClientRequest {
    var url = try url.httpURL(relativeTo: configuration.baseURL)
    if !configuration.parameters.isEmpty { url = url.appending(configuration.parameters) }
    if !parameters.isEmpty { url = url.appending(parameters) }
    return HTTPClientRequest(method: method, url: url, fields: fields, body: body, timeout: timeout)
  }

  /// Gets what is at a URL.
  ///
  /// ```swift
  /// let page = try await session.get("http://example.org/", timeout: .seconds(5)).raiseForStatus()
  /// ```
  ///
  /// - Parameters:
  ///   - url: an absolute URL, or one relative to the session's.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - timeout: how long everything may take; the session's if nil.
  /// - Returns: the response with its whole body, whatever its status.
  /// - Throws: ``HTTPURLError`` for a bad URL; otherwise as `send`.
  ///
  /// ## Cancellation
  /// As for `send`.
  public func get(
    _ url: some HTTPURLConvertible, parameters: HTTPParameters = [:], fields: HTTPFields = [:],
    timeout: Duration? = nil
  ) async throws -> HTTPClientResponse {
    try await send(request(.get, url, parameters: parameters, fields: fields, timeout: timeout))
  }

  /// Asks for the fields of what is at a URL, without its body.
  ///
  /// - Parameters:
  ///   - url: an absolute URL, or one relative to the session's.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - timeout: how long everything may take; the session's if nil.
  /// - Returns: the response with its whole body, whatever its status.
  /// - Throws: ``HTTPURLError`` for a bad URL; otherwise as `send`.
  ///
  /// ## Cancellation
  /// As for `send`.
  public func head(
    _ url: some HTTPURLConvertible, parameters: HTTPParameters = [:], fields: HTTPFields = [:],
    timeout: Duration? = nil
  ) async throws -> HTTPClientResponse {
    try await send(
      request(.head, url, parameters: parameters, fields: fields, timeout: timeout))
  }

  /// Asks what can be done with what is at a URL.
  ///
  /// - Parameters:
  ///   - url: an absolute URL, or one relative to the session's.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - timeout: how long everything may take; the session's if nil.
  /// - Returns: the response with its whole body, whatever its status.
  /// - Throws: ``HTTPURLError`` for a bad URL; otherwise as `send`.
  ///
  /// ## Cancellation
  /// As for `send`.
  public func options(
    _ url: some HTTPURLConvertible, parameters: HTTPParameters = [:], fields: HTTPFields = [:],
    timeout: Duration? = nil
  ) async throws -> HTTPClientResponse {
    try await send(
      request(.options, url, parameters: parameters, fields: fields, timeout: timeout))
  }

  /// Removes what is at a URL.
  ///
  /// - Parameters:
  ///   - url: an absolute URL, or one relative to the session's.
  ///   - body: the body.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - timeout: how long everything may take; the session's if nil.
  /// - Returns: the response with its whole body, whatever its status.
  /// - Throws: ``HTTPURLError`` for a bad URL; otherwise as `send`.
  ///
  /// ## Cancellation
  /// As for `send`.
  public func delete(
    _ url: some HTTPURLConvertible, body: HTTPRequestBody = .none, parameters: HTTPParameters = [:],
    fields: HTTPFields = [:],
    timeout: Duration? = nil
  ) async throws -> HTTPClientResponse {
    try await send(
      request(.delete, url, parameters: parameters, fields: fields, body: body, timeout: timeout))
  }

  /// Sends something to a URL, to be processed there.
  ///
  /// ```swift
  /// try await session.post("/notes", body: .text("remember")).raiseForStatus()
  /// ```
  ///
  /// - Parameters:
  ///   - url: an absolute URL, or one relative to the session's.
  ///   - body: the body.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - timeout: how long everything may take; the session's if nil.
  /// - Returns: the response with its whole body, whatever its status.
  /// - Throws: ``HTTPURLError`` for a bad URL; otherwise as `send`.
  ///
  /// ## Cancellation
  /// As for `send`.
  public func post(
    _ url: some HTTPURLConvertible, body: HTTPRequestBody = .none, parameters: HTTPParameters = [:],
    fields: HTTPFields = [:],
    timeout: Duration? = nil
  ) async throws -> HTTPClientResponse {
    try await send(
      request(.post, url, parameters: parameters, fields: fields, body: body, timeout: timeout))
  }

  /// Puts something in the place of what is at a URL.
  ///
  /// - Parameters:
  ///   - url: an absolute URL, or one relative to the session's.
  ///   - body: the body.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - timeout: how long everything may take; the session's if nil.
  /// - Returns: the response with its whole body, whatever its status.
  /// - Throws: ``HTTPURLError`` for a bad URL; otherwise as `send`.
  ///
  /// ## Cancellation
  /// As for `send`.
  public func put(
    _ url: some HTTPURLConvertible, body: HTTPRequestBody = .none, parameters: HTTPParameters = [:],
    fields: HTTPFields = [:],
    timeout: Duration? = nil
  ) async throws -> HTTPClientResponse {
    try await send(
      request(.put, url, parameters: parameters, fields: fields, body: body, timeout: timeout))
  }

  /// Changes what is at a URL.
  ///
  /// - Parameters:
  ///   - url: an absolute URL, or one relative to the session's.
  ///   - body: the body.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - timeout: how long everything may take; the session's if nil.
  /// - Returns: the response with its whole body, whatever its status.
  /// - Throws: ``HTTPURLError`` for a bad URL; otherwise as `send`.
  ///
  /// ## Cancellation
  /// As for `send`.
  public func patch(
    _ url: some HTTPURLConvertible, body: HTTPRequestBody = .none, parameters: HTTPParameters = [:],
    fields: HTTPFields = [:],
    timeout: Duration? = nil
  ) async throws -> HTTPClientResponse {
    try await send(
      request(.patch, url, parameters: parameters, fields: fields, body: body, timeout: timeout))
  }

  /// Sends a value as JSON to a URL, to be processed there.
  ///
  /// ```swift
  /// let user = try await session.post("/users", json: User(name: "Ada")).raiseForStatus().json(User.self)
  /// ```
  ///
  /// - Parameters:
  ///   - url: an absolute URL, or one relative to the session's.
  ///   - json: what to send, as JSON.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - timeout: how long everything may take; the session's if nil.
  /// - Returns: the response with its whole body, whatever its status.
  /// - Throws: ``HTTPURLError`` for a bad URL; `EncodingError`; otherwise as `send`.
  ///
  /// ## Cancellation
  /// As for `send`.
  public func post(
    _ url: some HTTPURLConvertible, json: some Encodable, parameters: HTTPParameters = [:],
    fields: HTTPFields = [:],
    timeout: Duration? = nil
  ) async throws -> HTTPClientResponse {
    try await send(
      request(.post, url, parameters: parameters, fields: fields, body: .json(json), timeout: timeout))
  }

  /// Puts a value, as JSON, in the place of what is at a URL.
  ///
  /// - Parameters:
  ///   - url: an absolute URL, or one relative to the session's.
  ///   - json: what to send, as JSON.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - timeout: how long everything may take; the session's if nil.
  /// - Returns: the response with its whole body, whatever its status.
  /// - Throws: ``HTTPURLError`` for a bad URL; `EncodingError`; otherwise as `send`.
  ///
  /// ## Cancellation
  /// As for `send`.
  public func put(
    _ url: some HTTPURLConvertible, json: some Encodable, parameters: HTTPParameters = [:],
    fields: HTTPFields = [:],
    timeout: Duration? = nil
  ) async throws -> HTTPClientResponse {
    try await send(
      request(.put, url, parameters: parameters, fields: fields, body: .json(json), timeout: timeout))
  }

  /// Changes what is at a URL by a value in JSON.
  ///
  /// - Parameters:
  ///   - url: an absolute URL, or one relative to the session's.
  ///   - json: what to send, as JSON.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - timeout: how long everything may take; the session's if nil.
  /// - Returns: the response with its whole body, whatever its status.
  /// - Throws: ``HTTPURLError`` for a bad URL; `EncodingError`; otherwise as `send`.
  ///
  /// ## Cancellation
  /// As for `send`.
  public func patch(
    _ url: some HTTPURLConvertible, json: some Encodable, parameters: HTTPParameters = [:],
    fields: HTTPFields = [:],
    timeout: Duration? = nil
  ) async throws -> HTTPClientResponse {
    try await send(
      request(.patch, url, parameters: parameters, fields: fields, body: .json(json), timeout: timeout))
  }
}
