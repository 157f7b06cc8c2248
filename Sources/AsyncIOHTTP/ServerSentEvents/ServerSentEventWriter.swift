// Writing events. The writer of the response is used by the handler's task, by the one that keeps the connection alive, and by
// whoever else was given the writer of events: a lock gives each its turn, first come, first served, and each writes whole events.
//
// The response ends under the same lock: whoever is in the middle of an event then comes to its end first, and whoever comes later
// is told that the response has ended. So the server has the writer of the response to itself again.
//
// A write that fails, or is cancelled half-way, is the end of the stream: nothing that followed could be told from the rest of the
// event. Later calls get an error that says so, and the scope of the closure is cancelled: a handler that has nothing to send would
// wait for ever on behalf of a client that cannot be reached.

import AsyncIOCoordination
import AsyncIORuntime
public import HTTPTypes
import Synchronization

extension HTTPServerResponse {
  /// Sends events (WHATWG HTML §9.2), as they come.
  ///
  /// ```swift
  /// return .events { writer in
  ///   for await tick in ticks { try await writer.send(event: "tick", data: "\(tick)") }
  /// }
  /// ```
  ///
  /// The response ends when `body` returns; clients then ask again after a while. To end it for good, answer the next request with
  /// 204. When the server is closed gently, `body` is cancelled and the response ends in order.
  ///
  /// `body` is cancelled too when the connection was lost, or an event was cut by the cancellation of its `send`: nothing can follow
  /// then.
  ///
  /// - Parameters:
  ///   - heartbeat: after how long a silence a comment is sent, so that nobody on the way takes the connection for dead, and that it
  ///     is noticed if the client has gone; more than zero, nil for never.
  ///   - retry: how long clients are to wait before they ask again; nil to leave it to them.
  ///   - fields: fields beside those that the server adds.
  ///   - body: sends the events. The client's last one is in the field `Last-Event-ID` of the request.
  /// - Returns: the response, to be returned by the handler.
  public static func events(
    heartbeat: Duration? = .seconds(15), retry: Duration? = nil, fields: HTTPFields = [:],
    _ body: @escaping @Sendable (ServerSentEventWriter) async throws -> Void
  ) -> HTTPServerResponse {
    precondition(
      heartbeat.map { $0 > .zero } ?? true,
      "The silence before a comment is longer than zero, not \(heartbeat ?? .zero).")
    var fields = fields
    fields[.contentType] = "text/event-stream"
    if !fields.contains(.cacheControl) { fields[.cacheControl] = "no-store" }
    return HTTPServerResponse(fields: fields) { response in
      let writer = ServerSentEventWriter(response)
      // The client learns at once that there is a stream.
      try await writer.begin(retry)
      try await withTaskScope { scope in
        writer.begin(in: scope)
        let server = response.sink.servingServer
        let closing = server?.whenClosing { scope.cancel(reason: "the server is closed") }
        defer { if let closing { server?.forgetClosingAction(closing) } }
        let beating = heartbeat.map { heartbeat in
          scope.createTask(name: "heartbeat") { try await writer.keepAlive(heartbeat) }
        }
        do {
          try await body(writer)
        } catch {
          beating?.cancel()
          await writer.end()
          throw error
        }
        // Before the heartbeat is cancelled: a comment that is cut would cut the response.
        await writer.end()
        scope.cancel(reason: "the events have ended")
      }
      try writer.checkIsWhole()
    }
  }
}

/// Sends events to a client.
///
/// Any number of tasks may send: each event goes out as a whole, in the order of the calls.
public final class ServerSentEventWriter: @unchecked Sendable {
  // Sendable: the writer of the response is used by the holder of the lock alone, and after `end` by nobody.

  private enum State {
    /// Events may be sent; what is cancelled if one is cut. Goes to `cut`, `ended`.
    case open(TaskScope?)
    /// A write was not completed, so that nothing can follow it: later ones get this error. Goes to `ended`.
    case cut(any Error)
    /// The response ends, or is cut off if an event was cut.
    case ended(cut: (any Error)?)
  }

  private let response: HTTPResponseWriter
  private let lock = AsyncLock()
  private let lastWrite = Mutex(LoopClock.now)
  private let state = Mutex(State.open(nil))

  init(_ response: HTTPResponseWriter) { self.response = response }

  /// Sends an event; waits while the client is slower.
  ///
  /// - Parameters:
  ///   - event: what kind of event it is, in one line; `message` if nil.
  ///   - data: the data; its lines may end with LF, CR, or CR and LF, and arrive with LF.
  ///   - id: the identifier of the event, in one line without NUL; if nil, that of the event before holds for the client.
  ///   - retry: how long clients are to wait before they ask again.
  /// - Throws: ``HTTPServerError`` after the end of the response; `IOError` when the connection was lost, or an event before was
  ///   cut; `CancellationError`.
  ///
  /// ## Cancellation
  /// While it waits for its turn, nothing is sent. After that the event is cut: nothing can be sent any more, the body's closure is
  /// cancelled, and the connection is cut when it has ended.
  public func send(
    event: String? = nil, data: String, id: String? = nil, retry: Duration? = nil
  ) async throws {
    precondition(
      event?.isOneLine ?? true, "The kind of an event is one line, not \((event ?? "").debugDescription).")
    precondition(
      id.map { $0.isOneLine && !$0.utf8.contains(0) } ?? true,
      "The identifier of an event is one line without NUL, not \((id ?? "").debugDescription).")
    var bytes: [UInt8] = []
    if let retry { Self.append("retry", "\(retry.wholeMilliseconds)", to: &bytes) }
    if let id { Self.append("id", id, to: &bytes) }
    if let event { Self.append("event", event, to: &bytes) }
    for line in data.eventLines { Self.append("data", line, to: &bytes) }
    bytes.append(.lineFeed)
    try await write(bytes)
  }

  /// Sends a comment, which clients pass over.
  ///
  /// - Parameter text: the comment; its lines become comments each.
  /// - Throws: as `send`.
  ///
  /// ## Cancellation
  /// As of `send`.
  public func comment(_ text: String) async throws {
    var bytes: [UInt8] = []
    for line in text.eventLines { Self.append("", line, to: &bytes) }
    bytes.append(.lineFeed)
    try await write(bytes)
  }

  func begin(_ retry: Duration?) async throws {
    guard let retry else { return try await response.flush() }
    var bytes: [UInt8] = []
    Self.append("retry", "\(retry.wholeMilliseconds)", to: &bytes)
    bytes.append(.lineFeed)
    try await write(bytes)
  }

  /// Says what is to be cancelled if an event is cut.
  func begin(in scope: TaskScope) { state.withLock { $0 = .open(scope) } }

  /// Takes no more events, once whoever is sending one has come to its end, which the server bounds.
  func end() async {
    await lock.acquireUncancelled()
    state.withLock { state in
      switch state {
      case .open: state = .ended(cut: nil)
      case .cut(let error): state = .ended(cut: error)
      case .ended: return
      }
    }
    lock.release()
  }

  /// Sends a comment after each silence, until the task is cancelled or the response has ended.
  func keepAlive(_ interval: Duration) async throws {
    while true {
      let silence = lastWrite.withLock { $0.duration(to: .now) }
      if silence < interval {
        try await sleep(for: interval - silence)
        continue
      }
      do {
        try await write(Array(":\n\n".utf8))
      } catch let error as HTTPServerError where error.code == .bodyEnded {
        return
      }
    }
  }

  private func write(_ bytes: [UInt8]) async throws {
    try await lock.withLock {
      switch state.withLock({ $0 }) {
      case .open: break
      case .cut(let error): throw error
      case .ended: throw HTTPServerError.bodyEnded()
      }
      do {
        try await response.write(bytes)
      } catch {
        cut(by: error)
        throw error
      }
      lastWrite.withLock { $0 = .now }
    }
  }

  /// Notes that a write was not completed, for which the holder of the lock was told `error`.
  private func cut(by error: any Error) {
    // Whoever sends later was not cancelled.
    let later: any Error = error is CancellationError ? Self.cutError : error
    let scope = state.withLock { state -> TaskScope? in
      guard case .open(let scope) = state else { return nil }
      state = .cut(later)
      return scope
    }
    scope?.cancel(reason: "an event was not sent to its end")
  }

  private static var cutError: IOError {
    IOError(.closed, operation: "send an event", detail: "after one that was cut by a cancellation")
  }

  /// Throws if a write was not completed: then the client must not take what it has for the whole.
  func checkIsWhole() throws {
    if case .ended(let error?) = state.withLock({ $0 }) { throw error }
  }

  private static func append(_ name: StaticString, _ value: some StringProtocol, to bytes: inout [UInt8]) {
    bytes.append(name)
    bytes.append(": ")
    bytes.append(contentsOf: value.utf8)
    bytes.append(.lineFeed)
  }
}

extension String {
  fileprivate var isOneLine: Bool { !utf8.contains { $0 == .lineFeed || $0 == .carriageReturn } }

  /// The lines of the text, at least one.
  fileprivate var eventLines: [Substring] {
    var lines: [Substring] = []
    var start = utf8.startIndex
    var index = start
    while index < utf8.endIndex {
      let byte = utf8[index]
      let next = utf8.index(after: index)
      if byte == .lineFeed || byte == .carriageReturn {
        lines.append(self[start..<index])
        let isPair = byte == .carriageReturn && next < utf8.endIndex && utf8[next] == .lineFeed
        start = isPair ? utf8.index(after: next) : next
        index = start
      } else {
        index = next
      }
    }
    lines.append(self[start...])
    return lines
  }
}

extension Duration {
  /// Milliseconds, rounded down.
  fileprivate var wholeMilliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
