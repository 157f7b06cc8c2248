// Events of a server, over one response after another.
//
// The iterator holds the response that it reads, and the response holds its connection: an iterator that is dropped closes it. It
// reads when it is asked, so that a server that is faster waits.

import AsyncIOCoordination
import AsyncIORuntime
public import HTTPTypes

/// How events are received.
public struct ServerSentEventsConfiguration: Sendable {
  /// Whether the server is asked again when its response has ended or the connection was lost; if nil, where the method is `GET`.
  ///
  /// What is asked for by another method, as many interfaces stream their answers, might be done twice.
  public var reconnects: Bool?
  /// How long to wait before the server is asked again, until it says how long by `retry:`.
  public var reconnectionTime: Duration = .seconds(3)
  /// How long to wait at most where asking fails again and again: each time it is twice as long.
  public var maximumReconnectionTime: Duration = .seconds(60)
  /// How many attempts in a row may fail before the last error is thrown; nil for no limit.
  ///
  /// The very first one is not repeated.
  public var maximumAttempts: Int? = 10
  /// How long the server may be silent, comments included, before the connection is given up; nil for any time.
  public var silenceTimeout: Duration?
  /// How large an event may be, in bytes.
  public var maximumEventSize = 1024 * 1024
  /// The identifier of the last event that was received in an earlier run; empty for none.
  public var lastEventID = ""

  /// Makes the default configuration.
  public init() {}
}

extension HTTPSession {
  /// The events of a server (WHATWG HTML §9.2), over as many responses as it takes.
  ///
  /// ```swift
  /// for try await event in session.events(from: "http://127.0.0.1:8080/ticks") {
  ///   print(event.event, event.data)
  /// }
  /// ```
  ///
  /// When a response ends or the connection is lost, the server is asked again after a while, with the identifier of the last event
  /// in `Last-Event-ID`, so that it can go on where it was. The sequence ends when the server answers 204, and fails when it
  /// answers anything else but events.
  ///
  /// - Parameters:
  ///   - url: an absolute URL, or one relative to the session's.
  ///   - method: what is to be done.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - body: the body of the request.
  ///   - configuration: how events are received.
  /// - Returns: the events; each iteration asks the server anew.
  public func events(
    from url: some HTTPURLConvertible & Sendable, method: HTTPRequest.Method = .get,
    parameters: HTTPParameters = [:],
    fields: HTTPFields = [:], body: HTTPRequestBody = .none,
    configuration: ServerSentEventsConfiguration = ServerSentEventsConfiguration()
  ) -> ServerSentEvents {
    let request = Result { [self] in
      try self.request(method, url, parameters: parameters, fields: fields, body: body, timeout: nil)
    }
    return ServerSentEvents(session: self, request: request, configuration: configuration)
  }
}

/// The events of a server; see `HTTPSession.events(from:)`.
public struct ServerSentEvents: AsyncSequence, Sendable {
  /// An event.
  public typealias Element = ServerSentEvent

  let session: HTTPSession
  /// What is sent, or why it cannot be.
  let request: Result<HTTPClientRequest, any Error>
  let configuration: ServerSentEventsConfiguration

  /// Goes through the events.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private enum State {
      /// Before the first attempt. Goes to `open`, `ended`.
      case new
      /// A response is being read. Goes to `lost`, `ended`.
      case open(HTTPStreamedResponse, HTTPResponseBody.AsyncIterator)
      /// To be asked again. Goes to `open`, `ended`.
      case lost
      case ended
    }

    private let events: ServerSentEvents
    private var state = State.new
    private var parser: ServerSentEventParser
    /// How many attempts have failed in a row.
    private var failures = 0

    init(_ events: ServerSentEvents) {
      self.events = events
      parser = events.parser(after: events.configuration.lastEventID)
    }

    /// The identifier of the last event, to go on from in another run.
    public var lastEventID: String { parser.lastEventID }

    /// Receives the next event.
    ///
    /// - Returns: the event; nil when the server has no more.
    /// - Throws: ``HTTPError`` with the code `unsuccessfulStatus` or `noEventStream` where the answer is no event stream; as
    ///   `HTTPSession.send` where the server cannot be reached at first, or too often; ``HTTPBodyLimitError`` for an event that
    ///   is too large; `CancellationError`.
    ///
    /// ## Cancellation
    /// Closes the connection. The call may be repeated: then the server is asked again.
    public mutating func next() async throws -> ServerSentEvent? {
      while true {
        switch state {
        case .ended: return nil
        case .new, .lost: try await connect()
        case .open(let response, var body):
          do {
            if let event = try parser.next() {
              failures = 0
              return event
            }
            if let piece = try await body.next() {
              parser.append(piece)
              state = .open(response, body)
            } else {
              try await leave(after: nil)
            }
          } catch let error as ServerSentEventParser.TooLarge {
            state = .ended
            await response.end()
            throw HTTPBodyLimitError(limit: error.limit)
          } catch {
            try await leave(after: error)
          }
        }
      }
    }

    /// Ends the reading of a response, and tells whether the server is asked again.
    private mutating func leave(after error: (any Error)?) async throws {
      if case .open(let response, _) = state { await response.end() }
      // What has come of an event that is not complete is dropped.
      let retry = parser.retry
      parser = events.parser(after: parser.lastEventID)
      if let retry { reconnectionTime = retry }
      state = .lost
      if let error, error is CancellationError { throw error }
      if !events.reconnects {
        state = .ended
        if let error { throw error }
      }
    }

    private var reconnectionTime: Duration?

    /// Asks the server.
    private mutating func connect() async throws {
      let configuration = events.configuration
      if case .lost = state {
        let base = reconnectionTime ?? configuration.reconnectionTime
        let delay = base * (1 << Swift.min(failures, 20))
        try await sleep(
          for: Swift.min(delay, Swift.max(base, configuration.maximumReconnectionTime)))
      }
      do {
        let response = try await events.open(after: parser.lastEventID)
        if response.status.code == 204 {
          await response.end()
          state = .ended
          return
        }
        state = .open(response, response.body.makeAsyncIterator())
      } catch {
        failures += 1
        let isFirst = if case .new = state { true } else { false }
        if error is CancellationError { throw error }
        let isHopeless = isFirst || (error as? HTTPError)?.isHopeless == true
        if isHopeless || configuration.maximumAttempts.map({ failures >= $0 }) == true {
          state = .ended
          throw error
        }
      }
    }
  }

  /// An iterator, which asks the server when its first event is asked for.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }

  private func parser(after id: String) -> ServerSentEventParser {
    ServerSentEventParser(lastEventID: id, limit: configuration.maximumEventSize)
  }

  private var reconnects: Bool {
    configuration.reconnects ?? ((try? request.get().method) == .get)
  }

  /// Sends the request, and looks at the head of the response.
  private func open(after id: String) async throws -> HTTPStreamedResponse {
    var request = try request.get()
    if !request.fields.contains(.accept) { request.fields[.accept] = "text/event-stream" }
    if !request.fields.contains(.cacheControl) { request.fields[.cacheControl] = "no-store" }
    if !id.isEmpty { request.fields[Self.lastEventIDName] = id }
    let response = try await session.openEndless(request, silence: configuration.silenceTimeout)
    if response.status.code == 204 { return response }
    do {
      guard response.status.code == 200 else {
        throw HTTPError(
          code: .unsuccessfulStatus, message: "\(request.title): the server answered \(response.status)",
          url: request.url, status: response.status)
      }
      let type = response[.contentType]?.prefix { $0 != ";" }.trimmed.lowercased()
      guard type == "text/event-stream" else {
        throw HTTPError(
          code: .noEventStream,
          message: "\(request.title): the answer is \(type ?? "of no type") and not text/event-stream",
          url: request.url, status: response.status)
      }
      return response
    } catch {
      await response.end()
      throw error
    }
  }

  /// The name of the field with the identifier of the last event.
  static let lastEventIDName = HTTPField.Name("Last-Event-ID") ?? .from
}

extension HTTPError {
  /// Whether asking again would give the same answer.
  fileprivate var isHopeless: Bool {
    switch code {
    case .noEventStream, .sessionClosed: true
    // What passes: too many requests, and a server or what is behind it out of order.
    case .unsuccessfulStatus: ![429, 500, 502, 503, 504].contains(status?.code ?? 0)
    default: false
    }
  }
}
