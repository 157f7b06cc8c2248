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
  /// How long to wait before the server is asked again, until it says how long by `retry:`; a tenth of a second at least.
  public var reconnectionTime: Duration = .seconds(3)
  /// How long to wait at most where asking fails again and again: each time it is twice as long.
  public var maximumReconnectionTime: Duration = .seconds(60)
  /// How many attempts in a row may fail before the last error is thrown; nil for no limit.
  ///
  /// A response that brings nothing, and ends sooner than ``reconnectionTime`` says, is a failure too. Where the very first attempt
  /// gets no response it is not repeated.
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
      /// A response is being read, of which nothing has come since an instant; nil once something has. Goes to `lost`, `ended`.
      case open(HTTPStreamedResponse, HTTPResponseBody.AsyncIterator, silentSince: LoopClock.Instant?)
      /// To be asked again, not before `until`. Goes to `open`, `ended`.
      case lost(until: LoopClock.Instant)
      case ended
    }

    private let events: ServerSentEvents
    private var state = State.new
    private var parser: ServerSentEventParser
    /// How many attempts have failed in a row; none once something has come.
    private var failures = 0
    /// How long the server wants its clients to wait, as far as it has said so.
    private var reconnectionTime: Duration?

    /// How long is waited at least, whatever the server says.
    private static let shortestTime = Duration.milliseconds(100)

    init(_ events: ServerSentEvents) {
      self.events = events
      parser = events.parser(after: events.configuration.lastEventID)
    }

    /// The identifier of the last event, to go on from in another run.
    public var lastEventID: String { parser.lastEventID }

    /// Receives the next event.
    ///
    /// - Returns: the event; nil when the server has no more.
    /// - Throws: ``HTTPError`` with the code `unsuccessfulStatus` or `noEventStream` where the answer is no event stream, or too
    ///   often one that ends before anything has come; as `HTTPSession.send` where the server cannot be reached at first, or too
    ///   often; ``HTTPBodyLimitError`` for an event that is too large; `CancellationError`.
    ///
    /// ## Cancellation
    /// Closes the connection. The call may be repeated: then the server is asked again, when the time for that has come; calls that
    /// were cancelled meanwhile do not put it off.
    public mutating func next() async throws -> ServerSentEvent? {
      while true {
        switch state {
        case .ended: return nil
        case .new, .lost: try await connect()
        case .open(let response, var body, _):
          let ending: (any Error)?
          do {
            if let event = try parser.next() { return event }
            if let piece = try await body.next() {
              failures = 0
              parser.append(piece)
              state = .open(response, body, silentSince: nil)
              continue
            }
            ending = nil
          } catch let error as ServerSentEventParser.TooLarge {
            state = .ended
            await response.end()
            throw HTTPBodyLimitError(limit: error.limit)
          } catch {
            ending = error
          }
          try await leave(after: ending)
        }
      }
    }

    /// Ends the reading of a response, and sees to what follows.
    private mutating func leave(after error: (any Error)?) async throws {
      guard case .open(let response, _, let silentSince) = state else { return }
      await response.end()
      // What has come of an event that is not complete is dropped.
      if let retry = parser.retry { reconnectionTime = retry }
      parser = events.parser(after: parser.lastEventID)
      state = .lost(until: nextTime)
      if let error, error is CancellationError { throw error }
      if !events.reconnects {
        state = .ended
        if let error { throw error }
      } else if let silentSince, silentSince.duration(to: .now) < baseTime {
        try failed(error ?? HTTPError.noEvents(from: response.url))
      } else {
        failures = 0
        state = .lost(until: nextTime)
      }
    }

    /// Counts a failure, and throws the error if there have been too many.
    private mutating func failed(_ error: any Error) throws {
      failures += 1
      if let maximum = events.configuration.maximumAttempts, failures >= maximum {
        state = .ended
        throw error
      }
      state = .lost(until: nextTime)
    }

    private var baseTime: Duration {
      Swift.max(reconnectionTime ?? events.configuration.reconnectionTime, Self.shortestTime)
    }

    /// When the server is to be asked again.
    private var nextTime: LoopClock.Instant {
      let delay = baseTime * (1 << Swift.min(failures, 20))
      return .now.advanced(
        by: Swift.min(delay, Swift.max(baseTime, events.configuration.maximumReconnectionTime)))
    }

    /// Asks the server.
    private mutating func connect() async throws {
      if case .lost(let instant) = state { try await sleep(until: instant) }
      do {
        let response = try await events.open(after: parser.lastEventID)
        if response.status.code == 204 {
          await response.end()
          state = .ended
          return
        }
        state = .open(response, response.body.makeAsyncIterator(), silentSince: .now)
      } catch {
        if error is CancellationError { throw error }
        let isFirst = if case .new = state { true } else { false }
        if isFirst || (error as? HTTPError)?.isHopeless == true {
          state = .ended
          throw error
        }
        try failed(error)
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
  fileprivate static func noEvents(from url: HTTPURL) -> HTTPError {
    HTTPError(
      code: .noEventStream, message: "\(url): the stream of events ended before anything had come", url: url)
  }

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
