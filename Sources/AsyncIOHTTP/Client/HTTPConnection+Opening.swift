// An exchange up to the head of the response: for streams, for bodies that are written piece by piece, and wherever a
// middleware stands in between. `HTTPConnection+Exchange.swift` is the short way for all others.
//
// A body that is written piece by piece is written by a task of its own, so that a server that answers early is heard: it may
// neither read on nor close, and a writer would wait for it for ever. The task writes to the stream, which nobody else does
// meanwhile, and is over before the connection is given back: it has ended by itself, or was cancelled and waited for.

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
      if let upload, head.code >= 300 {
        // The server knows what to say without the rest.
        await upload.end()
      }
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
    switch request.body.storage {
    case .bytes(let body):
      do {
        try await stream.write(output[...])
        if body.count > Self.joinedBodySize { try await stream.write(body[...]) }
      } catch let error as IOError where error.code == .system && !body.isEmpty {
        // A server that refuses a body may answer and close while it is being sent.
        isSent = false
      }
    case .stream(let length, _, let write):
      try await stream.write(output[...])
      upload = HTTPUpload(
        to: stream, length: length, waits: request.fields[.expect]?.lowercased() == "100-continue", write)
    }
    swap(&output, &self.output)
    timeline.sent = .now
    return (isClosing, isSent)
  }

  private func readHead(_ rules: Rules, _ upload: HTTPUpload?) async throws -> HTTPResponseHead {
    phase = .firstByte
    if upload == nil { bound(by: rules.timeouts.firstByte) }
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
      if phase == .firstByte {
        timeline.firstByte = .now
        phase = .read
      }
      bound(by: rules.timeouts.read)
      let head = try Self.nextFinalHead(&input, &parser, &interimCount)
      if interimCount > 0 { upload?.proceed() }
      if let head { return head }
    }
  }
}

/// A body that is being written beside the reading of the response.
final class HTTPUpload: Sendable {
  private enum State {
    /// Being written. Goes to one of the others.
    case running
    /// Written to its end.
    case finished
    /// Not written to its end; with the error of the closure, if it was that.
    case failed((any Error)?)
  }

  private let state = Mutex(State.running)
  private let mayProceed = AsyncEvent()
  private let task = Mutex<TaskHandle<Void>?>(nil)

  /// How long a server may take to say that it wants the body (RFC 9110 §10.1.1 leaves it open; curl has the same).
  private static let patience = Duration.seconds(1)

  /// Starts to write a body.
  init(to stream: HTTPTransport, length: Int?, waits: Bool, _ write: @escaping HTTPRequestBody.Write) {
    let handle = createTask(name: "HTTP upload") { [self] in
      do {
        if waits { try await withTimeoutOrNil(Self.patience) { try await self.mayProceed.wait() } }
        let isOverHTTP2 = stream.http2 != nil
        let writer = HTTPRequestBodyWriter(stream, length: length, isFramed: !isOverHTTP2)
        try await write(writer)
        try await writer.finish()
        if isOverHTTP2 { try await stream.closeWriting() }
        state.withLock { $0 = .finished }
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
