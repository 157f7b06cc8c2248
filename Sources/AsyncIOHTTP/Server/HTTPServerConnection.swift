// One connection of a server: requests are read, answered and written one after another, by one task.
//
// The task owns the buffers. What others may do is to close the stream, which makes the task's read or write throw: the
// deadline's timer, and `closeIfIdle`. For the latter the connection's activity is one word:
//
//   idle     nothing of a next request has come   → busy by the task, closed by `closeIfIdle`
//   busy     from the first byte to the answer    → idle by the task
//   closed   closed while idle                    (last)
//
// Why no request is lost to a gentle end: `closeIfIdle` closes only what it moved from idle to closed, and a task that
// finds its connection closed has read nothing of a request. (A request may be on its way to the machine; no server can
// know that, and the client sees a kept connection close before any answer.) Why none is overlooked: the task sets
// `idle` before it asks whether the server is closing, and the server says so before it looks at the connections.

import AsyncIONetwork
import AsyncIORuntime
import HTTPTypes
import Synchronization

/// The server was closed while nothing was under way.
struct HTTPClosedWhileIdle: Error {}

/// A connection that a server has accepted.
final class HTTPServerConnection: ConnectionDeadlineOwner, HTTPByteSink, HTTPServedConnection {
  private enum Activity: UInt8, AtomicRepresentable {
    case idle, busy, closed
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
  private let deadline = ConnectionDeadline(on: .orDefault)
  private let activity = Atomic(Activity.idle)

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
  /// - Returns: what has come, and leaves the connection open, where that is the beginning of HTTP/2 and the server speaks that.
  func serve() async -> [UInt8]? {
    var buffers = Buffers(parser: HTTPHeadParser(limits: configuration.limits))
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
        deadline.end()
        return buffers.input.bytes
      }
      await refuse(error.code.status)
    } catch {
      // Reset, closed by a deadline, or cancelled: there is nobody to tell.
    }
    deadline.end()
    await stream.close()
    return nil
  }

  func deadlineExpired() { stream.cut() }

  func setDeadline(_ duration: Duration) {
    deadline.set(LoopClock.now.advanced(by: duration), for: self)
  }

  /// Closes the connection if no request is under way.
  func closeIfIdle() {
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
      if !buffers.isBusy, server.isClosing { return false }
      buffers.input.compact()
      let count = try await stream.read(appendingTo: &buffers.input.bytes, atMost: Self.readSize)
      if count == 0 { return false }
      found = try nextHead(&buffers)
    }
    guard let head = found else { return false }

    let framing = try HTTPBodyFraming(of: head)
    var body = HTTPCollectedBody()
    if framing != .none {
      guard let collected = try await readBody(framing, of: head, &buffers.input) else { return false }
      body = collected
    }
    deadline.clear()

    let request = HTTPServerRequest(head, body: body, from: remoteAddress)
    let response: HTTPServerResponse
    do {
      response = try await server.handler(request)
    } catch {
      // Cancelled with the server: there is no time for an answer.
      if error is CancellationError, Task.isCancelled { return false }
      response = configuration.errorHandler(error, request)
    }

    let answer = prepare(response, to: head, &buffers.output)
    setDeadline(configuration.writeTimeout)
    switch answer.rest {
    case .none: try await stream.write(buffers.output[...])
    case .bytes(let body):
      try await stream.write(buffers.output[...])
      try await write(body)
    case .stream(let framing, let write):
      try await self.write(&buffers.output, framing, to: request, write)
    }
    return answer.isKept
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

  /// Reads the body of a request; nil if it is too large, which was answered.
  private func readBody(
    _ framing: HTTPBodyFraming, of head: HTTPRequestHead, _ input: inout HTTPInput
  ) async throws -> HTTPCollectedBody? {
    setDeadline(configuration.bodyTimeout)
    do {
      if case .contentLength(let length) = framing, length > configuration.maximumBodySize {
        throw HTTPBodyTooLarge(limit: configuration.maximumBodySize, announced: length)
      }
      // RFC 9110 §10.1.1: not to HTTP/1.0, and not if the body comes already.
      if head.facts.expectsContinue, head.version == .http11, input.isEmpty {
        try await stream.write(Self.continueLine)
      }
      return try await input.readBody(
        framing, limits: configuration.limits, maximumSize: configuration.maximumBodySize, from: stream)
    } catch is HTTPBodyTooLarge {
      await refuse(.contentTooLarge)
      return nil
    }
  }

  private static let continueLine = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
}
