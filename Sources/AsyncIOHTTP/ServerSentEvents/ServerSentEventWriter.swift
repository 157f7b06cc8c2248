// Writing events. The writer of the response is used by the handler's task and by the one that keeps the connection alive: a
// lock gives each its turn, first come, first served, and each writes whole events.

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
  /// - Parameters:
  ///   - heartbeat: after how long a silence a comment is sent, so that nobody on the way takes the connection for dead, and that it
  ///     is noticed if the client has gone; nil for never.
  ///   - retry: how long clients are to wait before they ask again; nil to leave it to them.
  ///   - fields: fields beside those that the server adds.
  ///   - body: sends the events. The client's last one is in the field `Last-Event-ID` of the request.
  /// - Returns: the response, to be returned by the handler.
  public static func events(
    heartbeat: Duration? = .seconds(15), retry: Duration? = nil, fields: HTTPFields = [:],
    _ body: @escaping @Sendable (ServerSentEventWriter) async throws -> Void
  ) -> HTTPServerResponse {
    var fields = fields
    fields[.contentType] = "text/event-stream"
    if !fields.contains(.cacheControl) { fields[.cacheControl] = "no-store" }
    return HTTPServerResponse(fields: fields) { response in
      let writer = ServerSentEventWriter(response)
      // The client learns at once that there is a stream.
      try await writer.begin(retry)
      try await withTaskScope { scope in
        let server = response.sink.servingServer
        let closing = server?.whenClosing { scope.cancel(reason: "the server is closed") }
        defer { if let closing { server?.forgetClosingAction(closing) } }
        if let heartbeat {
          scope.createTask(name: "heartbeat") { try await writer.keepAlive(heartbeat) }
        }
        try await body(writer)
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
  // Sendable: the writer of the response is used by the holder of the lock alone.

  private let response: HTTPResponseWriter
  private let lock = AsyncLock()
  private let lastWrite = Mutex(LoopClock.now)
  /// Whether a write was not completed, so that nothing can follow it.
  private let isCut = Atomic(false)

  init(_ response: HTTPResponseWriter) { self.response = response }

  /// Sends an event; waits while the client is slower.
  ///
  /// - Parameters:
  ///   - event: what kind of event it is, in one line; `message` if nil.
  ///   - data: the data; its lines may end with LF, CR, or CR and LF, and arrive with LF.
  ///   - id: the identifier of the event, in one line without NUL; if nil, that of the event before holds for the client.
  ///   - retry: how long clients are to wait before they ask again.
  /// - Throws: ``HTTPServerError`` after the end of the response; `IOError` when the connection was lost; `CancellationError`.
  ///
  /// ## Cancellation
  /// While it waits for its turn, nothing is sent. After that the response is incomplete, and the connection is cut when the
  /// body's closure throws.
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

  /// Sends a comment after each silence, until the task is cancelled.
  func keepAlive(_ interval: Duration) async throws {
    while true {
      let silence = lastWrite.withLock { $0.duration(to: .now) }
      if silence >= interval {
        try await write(Array(":\n\n".utf8))
      } else {
        try await sleep(for: interval - silence)
      }
    }
  }

  private func write(_ bytes: [UInt8]) async throws {
    try await lock.withLock {
      try checkIsWhole()
      do {
        try await response.write(bytes)
      } catch {
        isCut.store(true, ordering: .relaxed)
        throw error
      }
      lastWrite.withLock { $0 = .now }
    }
  }

  /// Throws if a write was cancelled half-way: then the client must not take what it has for the whole.
  func checkIsWhole() throws(CancellationError) {
    if isCut.load(ordering: .relaxed) { throw CancellationError() }
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
