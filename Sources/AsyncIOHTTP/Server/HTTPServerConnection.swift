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

/// A connection that a server has accepted.
final class HTTPServerConnection: ConnectionDeadlineOwner, @unchecked Sendable {
  // Sendable: `activity` is atomic, the deadline has its lock, the rest that changes is the serving task's alone.
  private enum Activity: UInt8, AtomicRepresentable {
    case idle, busy, closed
  }

  let stream: TCPStream
  let server: HTTPServer
  let deadline = ConnectionDeadline(on: .orDefault)
  let remoteAddress: SocketAddress?
  private let activity = Atomic(Activity.idle)

  var input = HTTPInput()
  var output: [UInt8] = []
  private var parser: HTTPHeadParser

  /// How much is read at once between bodies; more requests than that are seldom there.
  private static let readSize = 4 * 1024

  init(_ stream: TCPStream, of server: HTTPServer) {
    self.stream = stream
    self.server = server
    remoteAddress = try? stream.remoteAddress
    parser = HTTPHeadParser(limits: server.configuration.limits)
  }

  var configuration: HTTPServer.Configuration { server.configuration }

  /// Answers requests until either side ends the connection.
  func serve() async {
    do {
      setDeadline(configuration.headTimeout)
      while try await serveRequest() {
        input.trim()
        setDeadline(configuration.idleTimeout)
      }
    } catch let error as HTTPCodecError {
      await refuse(error.code.status)
    } catch {
      // Reset, closed by a deadline, or cancelled: there is nobody to tell.
    }
    deadline.clear()
    stream.close()
  }

  func deadlineExpired() { stream.close() }

  func setDeadline(_ duration: Duration) {
    deadline.set(LoopClock.now.advanced(by: duration), for: self)
  }

  /// Closes the connection if no request is under way.
  func closeIfIdle() {
    let (isIdle, _) = activity.compareExchange(
      expected: .idle, desired: .closed, ordering: .sequentiallyConsistent)
    if isIdle { stream.close() }
  }

  // MARK: Requests

  /// Answers the next request; false if it was the last, or none came.
  private func serveRequest() async throws -> Bool {
    guard let head = try await readHead() else { return false }
    let framing = try HTTPBodyFraming(of: head)
    var body = HTTPCollectedBody()
    if framing != .none {
      guard let collected = try await readBody(framing, of: head) else { return false }
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
    let isKept = try await answer(head, response)
    activity.store(.idle, ordering: .sequentiallyConsistent)
    return isKept
  }

  /// Reads the next head; nil if the connection ends before it.
  private func readHead() async throws -> HTTPRequestHead? {
    var isBusy = false
    while true {
      if !input.isEmpty {
        if !isBusy, !becomeBusy() { return nil }
        if let head: HTTPRequestHead = try input.nextHead(&parser) { return head }
        // Once: a client that sends a byte now and then gets no more time by that.
        if !isBusy { setDeadline(configuration.headTimeout) }
        isBusy = true
      } else if server.isClosing {
        return nil
      }
      if try await input.fill(from: stream, atMost: Self.readSize) == 0 { return nil }
    }
  }

  private func becomeBusy() -> Bool {
    activity.compareExchange(expected: .idle, desired: .busy, ordering: .sequentiallyConsistent).exchanged
  }

  /// Reads the body of a request; nil if it is too large, which was answered.
  private func readBody(
    _ framing: HTTPBodyFraming, of head: HTTPRequestHead
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

extension HTTPCodecError.Code {
  /// The suggested status with its reason phrase.
  fileprivate var status: HTTPResponse.Status {
    switch suggestedStatus {
    case 400: .badRequest
    case 414: .uriTooLong
    case 431: .requestHeaderFieldsTooLarge
    case 501: .notImplemented
    case let code: HTTPResponse.Status(code: code)
    }
  }
}
