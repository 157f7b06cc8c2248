// An exchange up to the head of the response: for streams, for bodies that are large or written piece by piece, and wherever a
// middleware stands in between. `HTTPConnection+Exchange.swift` is the short way for all others.
//
// A body that does not go out with its head is written by a task of its own, so that a server that answers early is heard: it may
// neither read on nor close, or read on only as its answer is read (RFC 9112 §9.5), and a writer would wait for it for ever. The
// task writes to the stream, which nobody else does meanwhile, and is over before the connection is given back: it has ended by
// itself, or was cancelled and waited for.
//
// When the body is sent, that task begins the next phase of the connection, whose task waits in a read: only while nothing has
// been heard of the server, which the upload's lock decides (`HTTPUpload.hear`). Otherwise the connection is its own task's.

import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import HTTPTypes
import Synchronization

/// What is known of a response when its head has come.
struct HTTPOpenedResponse {
  let head: HTTPResponseHead
  let framing: HTTPBodyFraming
  /// Whether the connection may serve another request once the body was read and the upload has ended.
  let isReusable: Bool
  let upload: HTTPUpload?
}

extension HTTPBodyFraming {
  /// Whether the message ends with its head.
  fileprivate var isEmpty: Bool { self == .none || self == .contentLength(0) }
}

extension HTTPConnection {
  /// Sends a request and reads the head of the response.
  ///
  /// - Throws: as soon as anything is amiss; the connection is of no more use then, and nobody writes to it any more.
  func open(_ request: HTTPClientRequest, _ rules: Rules) async throws -> HTTPOpenedResponse {
    if let http2 = stream.http2 { return try await open(request, rules, over: http2) }
    var upload: HTTPUpload?
    do {
      let (isClosing, isSent) = try await sendHead(of: request, rules, &upload)
      let head = try await readHead(rules, upload)
      phase = .read
      let framing = try HTTPBodyFraming(of: head, answering: request.method)
      let isReusable = isSent && !isClosing && head.keepsAlive(framing, answering: request.method)
      // The server knows what to say, or has said all, without the rest.
      if let upload, head.code >= 300 || framing.isEmpty { await upload.end() }
      isUsed = true
      return HTTPOpenedResponse(head: head, framing: framing, isReusable: isReusable, upload: upload)
    } catch {
      guard let upload else { throw error }
      await upload.end()
      throw upload.failure ?? error
    }
  }

  private func sendHead(
    of request: HTTPClientRequest, _ rules: Rules, _ upload: inout HTTPUpload?
  ) async throws -> (isClosing: Bool, isSent: Bool) {
    var output: [UInt8] = []
    swap(&output, &self.output)
    let isClosing = try Self.encode(request, rules, via: forwarder, to: &output)
    phase = .send
    var isSent = true
    do {
      try await stream.write(output[...])
    } catch let error as IOError where error.code == .system && request.body.isJoined && !request.body.isEmpty
    {
      // A server that refuses a body may answer and close while it is being sent.
      isSent = false
    }
    swap(&output, &self.output)
    upload = startUpload(of: request, rules)
    return (isClosing, isSent)
  }

  /// Starts to write a body that has not gone out with its head; otherwise the request is sent.
  func startUpload(of request: HTTPClientRequest, _ rules: Rules) -> HTTPUpload? {
    timeline.sent = .now
    guard let body = request.body.separate else {
      noteSent(rules)
      return nil
    }
    return HTTPUpload(
      to: stream, length: body.length, waits: request.fields[.expect]?.lowercased() == "100-continue",
      body.write
    ) { self.noteSent(rules) }
  }

  /// Begins to wait for the response.
  private func noteSent(_ rules: Rules) {
    timeline.sent = .now
    phase = .firstByte
    bound(by: rules.timeouts.firstByte)
  }

  /// Begins to read the response.
  func noteHeard(_ rules: Rules, _ upload: HTTPUpload?) {
    upload?.hear()
    if phase != .read {
      timeline.firstByte = .now
      phase = .read
    }
    bound(by: rules.timeouts.read)
  }

  private func readHead(_ rules: Rules, _ upload: HTTPUpload?) async throws -> HTTPResponseHead {
    var input = HTTPInput()
    swap(&input, &self.input)
    defer { swap(&input, &self.input) }
    var parser = HTTPHeadParser(limits: rules.limits)
    var interimCount = 0
    while true {
      input.compact()
      if try await stream.read(appendingTo: &input.bytes, atMost: Self.readSize) == 0 {
        if input.isEmpty { throw HTTPNoResponse() }
        throw HTTPHeadParser.truncated(after: input.count)
      }
      noteHeard(rules, upload)
      let head = try Self.nextFinalHead(&input, &parser, &interimCount)
      if interimCount > 0 { upload?.proceed() }
      if let head { return head }
    }
  }
}

/// A body that is being written beside the reading of the response.
final class HTTPUpload: Sendable {
  private enum State {
    /// Being written; with what to do at its end, until the server is heard. Goes to one of the others.
    case running(onEnd: (@Sendable () -> Void)?)
    /// Written to its end.
    case finished
    /// Not written to its end; with the error of the closure, if it was that.
    case failed((any Error)?)
  }

  private let state: Mutex<State>
  private let mayProceed = AsyncEvent()
  private let task = Mutex<TaskHandle<Void>?>(nil)

  /// How long a server may take to say that it wants the body (RFC 9110 §10.1.1 leaves it open; curl has the same).
  private static let patience = Duration.seconds(1)

  /// Starts to write a body; `onEnd` is called when it was written, unless the server was heard before.
  init(
    to stream: HTTPTransport, length: Int?, waits: Bool, _ write: @escaping HTTPRequestBody.Write,
    onEnd: @escaping @Sendable () -> Void
  ) {
    state = Mutex(.running(onEnd: onEnd))
    let handle = createTask(name: "HTTP upload") { [self] in
      do {
        if waits { try await withTimeoutOrNil(Self.patience) { try await self.mayProceed.wait() } }
        let isOverHTTP2 = stream.http2 != nil
        let writer = HTTPRequestBodyWriter(stream, length: length, isFramed: !isOverHTTP2)
        try await write(writer)
        try await writer.finish()
        if isOverHTTP2 { try await stream.closeWriting() }
        state.withLock { state in
          // Under the lock: whoever has heard the server may count on the connection to be left alone.
          if case .running(let onEnd?) = state { onEnd() }
          state = .finished
        }
      } catch {
        // The connection's own failure shows where the response is read; there may even be one. And who cancels knows.
        let isKnown =
          (error as? IOError)?.isDisconnection
          ?? (error is CancellationError || error is TLSError || error is HTTP2Error)
        state.withLock { $0 = .failed(isKnown ? nil : error) }
        if !isKnown { stream.cut() }
      }
    }
    task.withLock { $0 = handle }
  }

  /// Takes note that the server has said something.
  func hear() {
    state.withLock { if case .running = $0 { $0 = .running(onEnd: nil) } }
  }

  /// Lets a body go that waits for the server to want it.
  func proceed() { mayProceed.set() }

  /// Whether the whole body was written.
  var isFinished: Bool {
    state.withLock { if case .finished = $0 { true } else { false } }
  }

  /// Why the closure failed, if it did.
  var failure: (any Error)? {
    state.withLock { if case .failed(let error) = $0 { error } else { nil } }
  }

  /// Cancels what is still going on, and waits until nobody writes any more.
  func end() async {
    guard let task = task.withLock({ $0 }), !task.isDone else { return }
    task.cancel()
    _ = try? await withShield { try await task.value }
  }

  /// Cancels what is still going on.
  func cancel() { task.withLock { $0 }?.cancel() }
}
