// One connection of a server: requests are read, answered and written one after another, by one task.
//
// The task owns the buffers. What others may do is to close the stream, which makes the task's read or write throw: the
// deadline's timer, and `closeIfIdle`; and to give up a request whose handler runs. For that the connection's activity is one
// word:
//
//   idle       nothing of a next request has come    → busy by the task, closed by `closeIfIdle`
//   busy       a request is read, or answered        → handling, idle by the task
//   handling   the handler runs                      → busy by the task, abandoned by the timer
//   abandoned  the handler took too long, or its client has gone: its response is not sent (last)
//   closed     closed while idle                                                           (last)
//
// Why no request is lost to a gentle end: `closeIfIdle` closes only what it moved from idle to closed, on which nothing had come,
// and a task that finds its connection closed handles nothing of what it has read. (A request may be on its way to the machine, or
// come just then; no server can know that, and the client sees a kept connection close before any answer.) Why none is
// overlooked: the task sets `idle` before it asks whether the server is closing, and the server says so before it looks at the
// connections.
//
// Why a request is answered once: by whoever moves `handling` on. What follows `abandoned` is in
// HTTPServerConnection+Abandoning.swift.

import AsyncIONetwork
import AsyncIORuntime
import HTTPTypes
import Synchronization

/// The server was closed while nothing was under way.
struct HTTPClosedWhileIdle: Error {}

/// A connection that a server has accepted.
final class HTTPServerConnection: ConnectionDeadlineOwner, HTTPByteSink, HTTPServedConnection {
  enum Activity: UInt8, AtomicRepresentable {
    case idle, busy, handling, abandoned, closed
  }

  /// What the serving task works on; a local value, as access to the properties of an object is checked each time.
  struct Buffers {
    var input = HTTPInput()
    var output: [UInt8] = []
    var parser: HTTPHeadParser
    /// Whether a part of a request has come.
    var isBusy = false
  }

  let stream: HTTPTransport
  let server: HTTPServer
  let configuration: HTTPServer.Configuration
  let remoteAddress: SocketAddress?
  let deadline = ConnectionDeadline(on: .orDefault)
  let activity = Atomic(Activity.idle)
  /// When the handler was called, in nanoseconds on the loop's clock.
  let handlingStart = Atomic<Int64>(0)
  /// When the client has taken too long for a piece of a body that the handler reads; only while it does.
  let readingEnd = Atomic<Int64>(.max)
  /// Whether a part of the response was sent; for who reads the body of the request.
  let hasBegunAnswer = Atomic(false)
  let abandonment = Mutex(Abandonment())

  /// How much is read at once between bodies; more requests than that are seldom there.
  private static let readSize = 4 * 1024

  init(_ stream: HTTPTransport, from address: SocketAddress?, of server: HTTPServer) {
    self.stream = stream
    self.server = server
    configuration = server.configuration
    remoteAddress = address
  }

  /// Answers requests until either side ends the connection.
  ///
  /// - Parameter task: The current task, to be cancelled with its request.
  /// - Returns: what has come, and leaves the connection open, where that is the beginning of HTTP/2 and the server speaks that.
  func serve(in task: CancellableTask?) async -> [UInt8]? {
    var buffers = Buffers(parser: HTTPHeadParser(limits: configuration.limits))
    abandonment.withLock { $0.serving = task }
    do {
      setDeadline(configuration.headTimeout)
      while try await serveRequest(&buffers) {
        buffers.isBusy = false
        activity.store(.idle, ordering: .sequentiallyConsistent)
        setDeadline(configuration.idleTimeout)
        trim(&buffers)
      }
    } catch let error as HTTPCodecError {
      if server.speaksHTTP2(buffers.input.bytes, over: stream) {
        await endAbandonment()
        deadline.end()
        return buffers.input.bytes
      }
      await refuse(error.code.status)
    } catch {
      // Reset, closed by a deadline, or cancelled: there is nobody to tell.
    }
    await endAbandonment()
    deadline.end()
    await stream.close()
    return nil
  }

  var servingServer: HTTPServer? { server }

  func clearDeadline() { deadline.clear() }

  func setDeadline(_ duration: Duration) {
    deadline.set(LoopClock.now.advanced(by: duration), for: self)
  }

  /// Closes the connection if no request is under way, and none has come.
  func closeIfIdle() {
    // What has come is answered, as the last one: the task is about to read it.
    if activity.load(ordering: .sequentiallyConsistent) == .idle, stream.hasUnreadInput { return }
    let (isIdle, _) = activity.compareExchange(
      expected: .idle, desired: .closed, ordering: .sequentiallyConsistent)
    if isIdle { stream.cut() }
  }

  // MARK: Requests

  /// Answers the next request; false if it was the last, or none came.
  ///
  /// This is the path of every request, so it is one function for all that is ordinary: each async function costs a frame.
  private func serveRequest(_ buffers: inout Buffers) async throws -> Bool {
    var found = try nextHead(&buffers)
    while found == nil {
      if !buffers.isBusy, server.isClosing, !stream.hasUnreadInput { return false }
      buffers.input.compact()
      let count = try await stream.read(appendingTo: &buffers.input.bytes, atMost: Self.readSize)
      if count == 0 { return false }
      found = try nextHead(&buffers)
    }
    guard let head = found else { return false }

    let framing = try HTTPBodyFraming(of: head)
    let requestHead = HTTPServerRequestHead(head, from: remoteAddress)
    var body = HTTPReceivedBody()
    if framing != .none {
      guard let received = try await receiveBody(framing, of: head, requestHead, &buffers.input) else {
        return false
      }
      body = received
    }
    let request = HTTPServerRequest(requestHead, body: body.collected, reader: body.stream)

    let start = beginHandling()
    let response: HTTPServerResponse
    do {
      response = try await server.handler(request)
    } catch {
      guard let answer = answer(to: error, in: request, body) else { return false }
      response = answer
    }
    guard endHandling() else { return false }

    if !response.isWrittenByHandler { body.reader?.discardWhatIsThere() }
    let answer = prepare(response, to: head, &buffers.output, isBodyOpen: body.reader?.isOpen ?? false)
    let sent = answer.isComplete ? try stream.writeAtOnce(buffers.output) : 0
    if sent < buffers.output.count { setDeadline(configuration.writeTimeout) }
    var size = 0
    switch answer.rest {
    case .none: if sent < buffers.output.count { try await stream.write(buffers.output[sent...]) }
    case .bytes(let body):
      try await stream.write(buffers.output[...])
      try await write(body)
      size = body.count
    case .stream(let framing, let write):
      // Its first piece may take as long as it likes, and the head goes with it.
      clearDeadline()
      size = try await self.write(&buffers.output, framing, to: request, write)
    case .file(let file):
      try await stream.write(buffers.output[...])
      try await write(file)
      size = file.count
    case .upgrade(let takeOver):
      try await stream.write(buffers.output[...])
      await hand(over: &buffers, to: takeOver)
    }
    if let log = configuration.accessLog {
      log(HTTPAccessRecord(request, response.status, size: answer.bodySize + size, since: start))
    }
    let isAtEnd = body.reader?.end(&buffers.input) ?? true
    if isAtEnd, answer.isKept { return true }
    if case .upgrade = answer.rest { return false }
    // The client may still be sending: it is to get the answer nevertheless.
    if !isAtEnd || stream.hasUnreadInput { await linger() }
    return false
  }

  /// The next head if it is there; as soon as a part of it is, the connection is busy.
  private func nextHead(_ buffers: inout Buffers) throws -> HTTPRequestHead? {
    if buffers.input.isEmpty { return nil }
    if !buffers.isBusy, !becomeBusy() { throw HTTPClosedWhileIdle() }
    let head: HTTPRequestHead? = try buffers.input.nextHead(&buffers.parser)
    // Once: a client that sends a byte now and then gets no more time by that.
    if head == nil, !buffers.isBusy { setDeadline(configuration.headTimeout) }
    buffers.isBusy = true
    return head
  }

  private func becomeBusy() -> Bool {
    activity.compareExchange(expected: .idle, desired: .busy, ordering: .sequentiallyConsistent).exchanged
  }

  /// Gives back memory that only a large message needed.
  private func trim(_ buffers: inout Buffers) {
    buffers.input.trim()
    if buffers.output.capacity > HTTPInput.keptCapacity { buffers.output = [] }
  }

  // MARK: Handling

  private func beginHandling() -> LoopClock.Instant {
    let now = LoopClock.now
    handlingStart.store(now.nanoseconds, ordering: .relaxed)
    let wait = min(Self.checkInterval, configuration.requestTimeout ?? Self.checkInterval)
    activity.store(.handling, ordering: .sequentiallyConsistent)
    deadline.set(now.advanced(by: wait), for: self)
    return now
  }

  /// Whether the response is to be sent.
  private func endHandling() -> Bool {
    activity.compareExchange(expected: .handling, desired: .busy, ordering: .sequentiallyConsistent).exchanged
  }

  /// What is answered where the handler has thrown; nil for nothing.
  @inline(never)
  private func answer(
    to error: any Error, in request: HTTPServerRequest, _ body: HTTPReceivedBody
  ) -> HTTPServerResponse? {
    // Cancelled with the server: there is no time for an answer.
    if error is CancellationError, Task.isCancelled { return nil }
    if body.reader?.isLost ?? false { return nil }
    if let error = error as? any HTTPRespondingError { return error.response }
    return configuration.errorHandler(error, request)
  }
}
