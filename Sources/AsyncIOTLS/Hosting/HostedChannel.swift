// Handlers of SwiftNIO on one of our byte streams, without a thread of NIO.
//
// The tasks that use the channel do its work. Who reads and finds no message reads bytes from the stream and gives them to the
// pipeline; who writes gives the pipeline a message and sends the bytes that came of it. One task sends at a time, until
// nothing is left, in the order in which the pipeline has put the bytes out. What is put out with no writer at hand (an answer
// to what was read, the rest of a cancelled write) is sent by a task of the channel, so that who reads never waits for room to
// write: two peers that both wait for each other to read would wait for ever.
//
// Turns of the pipeline are ordered by the lock of its loop (HostedEventLoop.swift), and nothing waits while it holds that
// lock. A cancelled read has taken nothing from the stream, or what it took is in the pipeline. A cancelled write leaves whole
// what it has given to the pipeline: its bytes are sent by the task of the channel. When the stream is closed, that task ends.

internal import AsyncIOCoordination
public import AsyncIONetwork
internal import AsyncIORuntime
public import NIOCore
import Synchronization

/// A pipeline of SwiftNIO's handlers on top of a byte stream.
///
/// For protocols that exist as handlers of NIO: HTTP/2, WebSocket, compression, and others. No thread of NIO is involved: the
/// handlers run in the tasks that read and write here, one at a time.
///
/// ```swift
/// let channel = try HostedChannel<TCPStream, HTTPClientResponsePart, HTTPClientRequestPart>(stream) { pipeline in
///   try pipeline.addHTTPClientHandlers()
/// }
/// try await channel.write(.head(head))
/// while let part = try await channel.read() { … }
/// ```
///
/// Two tasks may use it at a time, one for each direction. Input is read when a task asks for a message and none is there, so
/// that a slow reader slows its peer; a write waits until the stream has taken its bytes.
public final class HostedChannel<Stream: ByteStream, Inbound: Sendable, Outbound: Sendable>: Sendable {
  /// The stream that the handlers' bytes go over.
  public let stream: Stream

  let host: HostChannel
  private let inbox: NIOLoopBound<HostedInbox<Inbound>>
  private let reading = Atomic<Bool>(false)
  private let writing = Atomic<Bool>(false)
  private let closed = Atomic<Bool>(false)

  /// How many bytes are read from the stream at once.
  private static var readSize: Int { 65_536 }

  /// Puts handlers on a stream.
  ///
  /// - Parameters:
  ///   - stream: What the handlers' bytes go over; nobody else may use it from now on.
  ///   - remoteAddress: What the handlers see as their channel's peer.
  ///   - configure: Adds handlers, which become active when it returns.
  /// - Throws: What `configure` throws.
  public init(
    _ stream: Stream, remoteAddress: NIOCore.SocketAddress? = nil,
    _ configure: (ChannelPipeline.SynchronousOperations) throws -> Void
  ) throws {
    let host = HostChannel(remoteAddress: remoteAddress)
    self.stream = stream
    self.host = host
    let (inbox, failure) = host.loop.run {
      let inbox = HostedInbox<Inbound>(host)
      let operations = host.pipeline.syncOperations
      let outcome = Result {
        try configure(operations)
        try operations.addHandler(inbox)
      }
      if case .failure(let error) = outcome {
        host.closeAll()
        return (NIOLoopBound(inbox, eventLoop: host.loop), error as (any Error)?)
      }
      operations.fireChannelRegistered()
      operations.fireChannelActive()
      return (NIOLoopBound(inbox, eventLoop: host.loop), nil)
    }
    self.inbox = inbox
    host.loop.setOnLeave { [weak self] in self?.sendInBackground() }
    if let failure { throw failure }
  }

  deinit {
    host.loop.setOnLeave(nil)
    let isSending = host.loop.run {
      host.closeAll()
      return host.output.pendingCount > 0
    }
    // The task that sends would keep the stream open.
    if isSending { stream.abort() }
  }

  /// Whether it was closed or aborted here.
  public var isClosed: Bool { closed.load(ordering: .acquiring) }

  /// Calls the pipeline, for what has no method here: events, options, handlers that come and go.
  ///
  /// - Parameter body: Must not wait; runs while no handler does.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  public func withPipeline<Result>(
    _ body: (ChannelPipeline.SynchronousOperations) throws -> Result
  ) throws -> Result {
    let result = host.loop.run { Swift.Result { try body(host.pipeline.syncOperations) } }
    sendInBackground()
    return try result.get()
  }

  // MARK: Reading

  /// Waits for the next message that the handlers make of the stream's bytes.
  ///
  /// - Returns: The message; nil at the end of the stream.
  /// - Throws: The first error of the stream or of a handler, when the messages before it have been read; `IOError` with the code
  ///   `closed` or `busy`; `CancellationError`.
  ///
  /// ## Cancellation
  /// No message has been taken when it throws; the call may be repeated.
  public func read() async throws -> Inbound? {
    try await receive("read") { $0.popFirst() }
  }

  /// Waits until `take` finds what it needs among the messages.
  func receive<Value>(
    _ operation: String, _ take: (inout CircularBuffer<Inbound>) -> Value?
  ) async throws -> Value? {
    guard !reading.exchange(true, ordering: .acquiring) else { throw IOError(.busy, operation: operation) }
    defer { reading.store(false, ordering: .releasing) }
    try Task.checkCancellation()
    while true {
      switch host.loop.run({ look(operation, take) }) {
      case .found(let value): return value
      case .end: return nil
      case .failed(let error): throw error
      case .held(let waiter):
        if await waiter.wait(for: "read") == .cancelled { throw CancellationError() }
      case .nothing:
        try await readMore()
      }
    }
  }

  private enum Look<Value> { case found(Value), end, failed(any Error), held(Waiter), nothing }

  private func look<Value>(
    _ operation: String, _ take: (inout CircularBuffer<Inbound>) -> Value?
  ) -> Look<Value> {
    if isClosed { return .failed(IOError(.closed, operation: operation)) }
    if let value = take(&inbox.value.messages) { return .found(value) }
    if let failure = host.failure { return .failed(failure) }
    if host.hasInputEnded { return .end }
    if let waiter = host.askForInput() { return .held(waiter) }
    return .nothing
  }

  /// Reads bytes from the stream and gives them to the pipeline.
  func readMore() async throws {
    let bytes = try await readBytes()
    host.loop.run { host.receive(bytes) }
    sendInBackground()
  }

  /// Reads bytes from the stream; none at its end.
  func readBytes() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    do {
      _ = try await stream.read(appendingTo: &bytes, atMost: Self.readSize)
    } catch {
      noteStreamError(error)
      throw error
    }
    return bytes
  }

  private func noteStreamError(_ error: any Error) {
    // A cancelled operation may be repeated.
    guard !(error is CancellationError) else { return }
    host.loop.run {
      host.fail(error)
      host.output.end(error)
    }
  }

  /// Whether there is something to be read, or nothing will come any more, as far as is known without reading from the stream.
  var hasPendingInput: Bool {
    host.loop.run { !inbox.value.messages.isEmpty || host.hasInputEnded || host.failure != nil }
  }

  // MARK: Writing

  /// Gives a message to the handlers, and waits until the stream has taken the bytes that they make of it.
  ///
  /// Handlers may hold bytes back, as those of HTTP/2 do until their peer allows more; these are sent when they let them go.
  ///
  /// - Throws: The error of the handler that has refused the message, or of the stream; `IOError` with the code `closed` or `busy`;
  ///   `CancellationError`.
  ///
  /// ## Cancellation
  /// A message that has been given to the handlers is sent as a whole nevertheless.
  public func write(_ message: Outbound) async throws {
    let isSent = try await put("write") { pipeline, failure in
      let promise = host.loop.makePromise(of: Void.self)
      promise.futureResult.whenFailure { failure.error = $0 }
      pipeline.writeAndFlush(NIOAny(message), promise: promise)
    }
    if !isSent { throw CancellationError() }
  }

  /// Lets `body` call the pipeline when all that was put out before is sent, and sends what comes of it.
  ///
  /// - Returns: Whether it was sent; if not, the task was cancelled meanwhile, and the channel sends it.
  func put(
    _ operation: String,
    _ body: (ChannelPipeline.SynchronousOperations, WriteFailure) -> Void
  ) async throws -> Bool {
    guard !writing.exchange(true, ordering: .acquiring) else { throw IOError(.busy, operation: operation) }
    defer { writing.store(false, ordering: .releasing) }
    try Task.checkCancellation()
    try await beginSending()
    let failure = WriteFailure()
    host.loop.run {
      failure.error = reasonNotToWrite(operation)
      guard failure.error == nil else { return }
      body(host.pipeline.syncOperations, failure)
      host.updateWritability()
    }
    do {
      try await send()
    } catch is CancellationError {
      return false
    }
    if let error = host.loop.run({ failure.error }) { throw error }
    return true
  }

  private func reasonNotToWrite(_ operation: String) -> (any Error)? {
    if isClosed { return IOError(.closed, operation: operation) }
    if let failure = host.failure { return failure }
    return host.hasOutputEnded || !host.isOpen
      ? IOError(.closed, operation: operation, detail: "after the writing side was closed") : nil
  }

  /// Becomes the one who sends, when nobody else does.
  func beginSending() async throws {
    while let waiter = host.loop.run({ host.output.begin() }) {
      if await waiter.wait(for: "write") == .cancelled { throw CancellationError() }
    }
  }

  /// Sends until nothing is left; when it is cancelled, the channel's task goes on.
  func send() async throws {
    do {
      try await Self.send(from: host, over: stream)
    } catch is CancellationError {
      startSender()
      throw CancellationError()
    }
  }

  private static func send(from host: HostChannel, over stream: Stream) async throws {
    while let bytes = host.loop.run({ host.output.take() }) {
      var rest = bytes[...]
      do {
        while !rest.isEmpty { rest = rest.dropFirst(try await stream.writeSome(rest)) }
      } catch {
        host.loop.run {
          host.output.noteSent(bytes.count - rest.count)
          if error is CancellationError { return host.output.giveBack(rest) }
          host.fail(error)
          host.output.end(error)
        }
        throw error
      }
      host.loop.run {
        host.output.noteSent(bytes.count)
        host.updateWritability()
      }
    }
  }

  /// Starts the channel's task if there is something to be sent and nobody who does it.
  func sendInBackground() {
    let needsSender = host.loop.run { host.output.needsSender && host.output.begin() == nil }
    if needsSender { startSender() }
  }

  func startSender() {
    // Detached: it belongs to the channel, and must not end with the scope of the one who was cancelled.
    Task.detached(executorPreference: AsyncIORuntime.EventLoop.orDefault) { [host, stream] in
      try? await Self.send(from: host, over: stream)
    }
  }

  // MARK: Ending

  /// Lets the handlers say farewell, sends what is left, and closes the stream.
  ///
  /// Idempotent. Tasks that wait for the channel throw `IOError` with the code `closed`.
  ///
  /// ## Cancellation
  /// It is closed in any case; what could not be sent without waiting is lost.
  public func close() async {
    guard beginClose() else { return }
    host.loop.run { host.pipeline.syncOperations.close(mode: .all, promise: nil) }
    try? await sendRest()
    await endClose()
  }

  /// Closes the stream at once: what was not sent is dropped.
  ///
  /// Idempotent.
  public func abort() {
    guard beginClose() else { return }
    stream.abort()
    tearDown()
  }

  /// Marks the channel as closed; false if it was before.
  func beginClose() -> Bool { !closed.exchange(true, ordering: .acquiringAndReleasing) }

  /// Waits until everything that was put out is sent.
  func sendRest() async throws {
    try await beginSending()
    try await send()
  }

  /// Closes the stream and removes the handlers.
  func endClose() async {
    await stream.close()
    tearDown()
  }

  private func tearDown() {
    host.loop.run {
      host.closeAll()
      host.output.end(IOError(.closed, operation: "write"))
    }
  }
}

/// Why a message was refused; touched in turns of the loop only.
final class WriteFailure: @unchecked Sendable {
  // Sendable: see above.
  var error: (any Error)?
}
