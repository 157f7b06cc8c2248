// One stream of a connection: one request with its response.
//
// State is touched in turns of the connection's pipeline only. One task reads and one writes; each waits by a waiter of its own,
// which whoever changes what it waits for finishes, once, as it is taken out of its place first. A woken task looks again.
//
//   incoming   open      more may come                              → ended, failed
//              ended     the peer has ended its side, in order      (last)
//              failed    reset, by either side, or lost             (last; what had come can still be read)
//   outgoing   unopened  nothing was sent yet                       → open, ended
//              open      more may be sent                           → ended
//              ended     this side was ended, or the stream is over (last)
//
// Back-pressure: what has come and was not read is at most the window that the peer was given, and the window grows by what is
// read. What is written waits in the pipeline until the peer's windows and the channel let it pass; a writer gives the pipeline
// one piece at a time, and the next one when that is on its way.

import AsyncIORuntime
import AsyncIOTLS
import NIOCore
import NIOHPACK
import NIOHTTP2

/// Ours: NIOCore has a type of the same name.
private typealias IOError = AsyncIORuntime.IOError

/// A stream, on either side.
final class HTTP2Stream: HTTPByteSink, @unchecked Sendable {
  // Sendable: see above.
  private enum Incoming { case open, ended, failed(any Error) }
  private enum Outgoing { case unopened, open, ended }

  let connection: HTTP2Connection
  private(set) var id: HTTP2StreamID
  private let window: Int

  private var incoming = Incoming.open
  private var outgoing: Outgoing
  /// Whether fields were sent that begin the answer.
  private var hasAnswered = false
  private var head: HPACKHeaders?
  private var hasHead = false
  /// How many interim responses have come.
  private(set) var interimCount = 0
  private var trailerFields: HPACKHeaders?
  /// What has come and was not read, from `start` on.
  private(set) var body: [UInt8] = []
  private var start = 0
  /// How many bytes were read since the peer's window was last opened.
  private var unacknowledged = 0
  /// How many bytes the peer's window lets through.
  var outboundWindow = 0
  /// How often the peer had sent something when the stream was opened.
  private var readCount = 0
  private var reader: Waiter?
  private var writer: Waiter?
  /// Whether the piece that the writer waits for is on its way.
  private var hasWritten = false

  /// How much is given to the pipeline at a time.
  private static let pieceSize = 64 * 1024
  private static let maximumInterimResponses = 32

  init(_ id: HTTP2StreamID, of connection: HTTP2Connection, window: Int) {
    self.id = id
    self.connection = connection
    self.window = window
    outgoing = id == .rootStream ? .unopened : .open
  }

  private func turn<Result>(_ body: (ChannelPipeline.SynchronousOperations) -> Result) -> Result {
    connection.pipeline.turn(body)
  }

  // MARK: What the connection tells, in its turns

  func receive(_ fields: HPACKHeaders, isLast: Bool) {
    if connection.side == .client, !hasHead, !isLast, fields.first(name: ":status")?.first == "1" {
      interimCount += 1
      if interimCount > Self.maximumInterimResponses {
        end(HTTPTooManyInterimResponses(limit: Self.maximumInterimResponses))
      }
    } else if !hasHead {
      hasHead = true
      head = fields
    } else {
      trailerFields = fields
    }
    noteProgress(isLast)
  }

  func receive(_ buffer: ByteBuffer, padding: Int, isLast: Bool) {
    guard case .open = incoming else { return }
    if start > body.count / 2 {
      // Less is moved than was read since this was done last, so that it costs no more than the reading.
      body.removeSubrange(..<start)
      start = 0
    }
    unsafe buffer.withUnsafeReadableBytes { unsafe body.append(contentsOf: $0) }
    unacknowledged += padding
    noteProgress(isLast)
  }

  private func noteProgress(_ isLast: Bool) {
    if isLast, case .open = incoming { incoming = .ended }
    reader.take()?.finish(.woken)
    // A server that has answered need not take the rest.
    if isLast, connection.side == .client { writer.take()?.finish(.woken) }
  }

  /// Ends the stream with an error; what had come in order remains.
  func end(_ error: any Error) {
    if case .open = incoming { incoming = .failed(error) }
    outgoing = .ended
    reader.take()?.finish(.woken)
    writer.take()?.finish(.woken)
  }

  /// Says why the peer was at fault.
  func explain(_ detail: String) {
    guard case .failed(let error as HTTP2Error) = incoming else { return }
    incoming = .failed(HTTP2Error.violation(Int(id), error.code, detail))
  }

  // MARK: Reading

  private enum Look<Value> { case found(Value), failed(any Error), wait(Waiter) }

  /// Waits until `take` finds what it looks for.
  private func receive<Value>(
    for subject: StaticString, _ take: (ChannelPipeline.SynchronousOperations) -> Value?
  ) async throws -> Value {
    while true {
      let look: Look<Value> = turn { operations in
        if let value = take(operations) { return .found(value) }
        if case .failed(let error) = incoming { return .failed(error) }
        let waiter = Waiter()
        reader = waiter
        return .wait(waiter)
      }
      switch look {
      case .found(let value): return value
      case .failed(let error): throw error
      case .wait(let waiter):
        if await waiter.wait(for: subject) == .cancelled { throw CancellationError() }
      }
    }
  }

  /// Waits for the fields that begin the peer's message, and tells whether that has ended with them.
  ///
  /// - Parameter onInterim: called when interim responses have come before.
  /// - Returns: the fields, and whether there is no body.
  /// - Throws: `HTTP2Error`; `IOError` when it was cut; `CancellationError`.
  func nextHead(_ onInterim: () -> Void = {}) async throws -> (fields: HPACKHeaders, isLast: Bool) {
    enum Step { case head(HPACKHeaders, Bool), interim, missing }
    var seen = 0
    while true {
      let step: Step = try await receive(for: "an HTTP/2 response") { _ in
        if let head = head.take() {
          if case .ended = incoming { return .head(head, body.isEmpty) }
          return .head(head, false)
        }
        if interimCount > seen {
          seen = interimCount
          return .interim
        }
        if case .ended = incoming { return .missing }
        return nil
      }
      switch step {
      case .head(let fields, let isLast): return (fields, isLast)
      case .interim: onInterim()
      case .missing: throw HTTPNoResponse()
      }
    }
  }

  /// Reads some of the body; 0 at its end.
  ///
  /// - Throws: `HTTP2Error`; `IOError` when it was cut; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws.
  func read(appendingTo bytes: inout [UInt8], atMost limit: Int) async throws -> Int {
    var piece: [UInt8] = []
    let count = try await receive(for: "an HTTP/2 body") { operations -> Int? in
      let count = min(limit, body.count - start)
      guard count > 0 else {
        if case .ended = incoming { return 0 }
        return nil
      }
      if count == body.count {
        swap(&piece, &body)
      } else {
        piece = Array(body[start..<start + count])
        start += count
        if start == body.count {
          body = []
          start = 0
        }
      }
      acknowledge(count, operations)
      return count
    }
    if bytes.isEmpty { bytes = piece } else { bytes += piece }
    return count
  }

  private func acknowledge(_ count: Int, _ operations: ChannelPipeline.SynchronousOperations) {
    unacknowledged += count
    guard unacknowledged >= window / 2, case .open = incoming else { return }
    let update = HTTP2Frame(streamID: id, payload: .windowUpdate(windowSizeIncrement: unacknowledged))
    unacknowledged = 0
    operations.writeAndFlush(NIOAny(update), promise: nil)
  }

  /// The fields that came after the body, if some did.
  var trailers: HPACKHeaders? { turn { _ in trailerFields } }

  /// Whether all of the peer's message has come.
  var hasReceivedAll: Bool {
    turn { _ in if case .ended = incoming { true } else { false } }
  }

  /// Whether nothing at all has come from the peer since the stream was opened.
  var hasHeardNothing: Bool {
    turn { _ in id != .rootStream && readCount == connection.handler.readCount }
  }

  /// Whether the fields that begin the peer's message have come.
  var hasAnswer: Bool { turn { _ in hasHead } }

  // MARK: Writing

  /// Opens the stream with the fields of a request.
  ///
  /// - Throws: `HTTP2Error` when the connection takes no more; `IOError` when the stream was cut.
  func open(_ fields: HPACKHeaders, isLast: Bool) throws {
    let failure: (any Error)? = turn { operations in
      if case .failed(let error) = incoming { return error }
      guard let id = connection.handler.add(self) else { return HTTP2Error.notOpened() }
      self.id = id
      outgoing = .open
      readCount = connection.handler.readCount
      send(fields, isLast: isLast, operations)
      operations.flush()
      return nil
    }
    if let failure { throw failure }
  }

  /// Tells a client that waits for it to send the body, unless that has come, or the answer has begun.
  func askForBody() {
    turn { operations in
      guard case .open = outgoing, case .open = incoming, !hasAnswered else { return }
      send([":status": "100"], isLast: false, operations)
      operations.flush()
    }
  }

  /// Sends the fields that begin an answer, and all of a small body that need not wait; false if that was not sent.
  func respond(_ fields: HPACKHeaders, _ body: [UInt8]?) -> Bool {
    turn { operations in
      guard case .open = outgoing else { return true }
      hasAnswered = true
      defer { operations.flush() }
      guard let body else {
        send(fields, isLast: false, operations)
        return true
      }
      guard body.isEmpty || (body.count <= Self.pieceSize && fits(body.count)) else {
        send(fields, isLast: false, operations)
        return false
      }
      send(fields, isLast: body.isEmpty, operations)
      if !body.isEmpty { send(ByteBuffer(bytes: body), isLast: true, nil, operations) }
      return true
    }
  }

  /// Sends fields after the body, which end the message.
  func finish(_ trailers: HPACKHeaders) {
    turn { operations in
      guard case .open = outgoing else { return }
      send(trailers, isLast: true, operations)
      operations.flush()
    }
  }

  func write(_ bytes: [UInt8]) async throws { try await write(bytes, isLast: false) {} }

  /// Writes a part of the body, and waits until it is on its way.
  ///
  /// - Parameters:
  ///   - bytes: the part.
  ///   - isLast: whether the message ends with it.
  ///   - onPiece: called before each piece that may have to wait.
  /// - Throws: `HTTP2Error`, also when the peer has answered and wants no more; `IOError` when it was cut; `CancellationError`.
  ///
  /// ## Cancellation
  /// A part may have been sent; the stream is to be reset.
  func write(_ bytes: [UInt8], isLast: Bool, onPiece: () -> Void) async throws {
    var rest = bytes[...]
    repeat {
      let piece = rest.prefix(Self.pieceSize)
      rest = rest.dropFirst(piece.count)
      onPiece()
      let look: Look<Void> = turn { operations in
        guard case .open = outgoing else { return .failed(reasonNotToWrite) }
        let mustWait = !fits(piece.count)
        var promise: EventLoopPromise<Void>?
        let waiter = Waiter()
        if mustWait {
          promise = operations.eventLoop.makePromise(of: Void.self)
          promise?.futureResult.whenSuccess { self.hasWritten = true }
          promise?.futureResult.whenComplete { _ in waiter.finish(.woken) }
          writer = waiter
          hasWritten = false
        }
        send(ByteBuffer(bytes: piece), isLast: isLast && rest.isEmpty, promise, operations)
        operations.flush()
        return mustWait ? .wait(waiter) : .found(())
      }
      switch look {
      case .found: break
      case .failed(let error): throw error
      case .wait(let waiter):
        if await waiter.wait(for: "room for an HTTP/2 body") == .cancelled { throw CancellationError() }
        let failure: (any Error)? = turn { _ in hasWritten ? nil : reasonNotToWrite }
        if let failure { throw failure }
      }
    } while !rest.isEmpty
  }

  private var reasonNotToWrite: any Error {
    if case .failed(let error) = incoming { return error }
    return HTTP2Error.unwanted(Int(id))
  }

  /// Whether so many bytes pass without waiting.
  private func fits(_ count: Int) -> Bool {
    count <= outboundWindow && count <= connection.handler.outboundWindow && connection.handler.isWritable
  }

  private func send(
    _ fields: HPACKHeaders, isLast: Bool, _ operations: ChannelPipeline.SynchronousOperations
  ) {
    let frame = HTTP2Frame(
      streamID: id, payload: .headers(HTTP2Frame.FramePayload.Headers(headers: fields, endStream: isLast)))
    if isLast { outgoing = .ended }
    operations.write(NIOAny(frame), promise: nil)
  }

  private func send(
    _ buffer: ByteBuffer, isLast: Bool, _ promise: EventLoopPromise<Void>?,
    _ operations: ChannelPipeline.SynchronousOperations
  ) {
    let frame = HTTP2Frame(
      streamID: id,
      payload: .data(HTTP2Frame.FramePayload.Data(data: .byteBuffer(buffer), endStream: isLast)))
    if isLast { outgoing = .ended }
    operations.write(NIOAny(frame), promise: promise)
  }

  /// Whether all of this side's message was given out.
  var hasAnsweredAll: Bool {
    turn { _ in if case .ended = outgoing { true } else { false } }
  }

  // MARK: Ending

  /// Resets the stream unless it is over on both sides; whoever waits for it throws `error`.
  func reset(_ code: HTTP2Error.Code, throwing error: any Error) {
    turn { operations in
      if case .open = incoming { incoming = .failed(error) }
      outgoing = .ended
      reader.take()?.finish(.woken)
      writer.take()?.finish(.woken)
      // What is over on both sides is not in there.
      guard connection.handler.streams[id] === self else { return }
      connection.handler.remove(id)
      let frame = HTTP2Frame(streamID: id, payload: .rstStream(HTTP2ErrorCode(code)))
      operations.writeAndFlush(NIOAny(frame), promise: nil)
    }
  }

  /// Ends the stream at once; whoever waits for it throws `IOError` with the code `closed`.
  func cut() { reset(.cancel, throwing: IOError(.closed, operation: "read")) }
}
