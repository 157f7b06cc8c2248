// A channel of SwiftNIO without a socket: what its handlers write is collected, and what they are to read is handed in.
//
//   open       handlers run                                                  → closed
//   closed     a handler or the user has closed; what was put out may still be sent   → gone
//   gone       the handlers were removed                                     (last)
//
// All state is touched in turns of `loop` only.

internal import AsyncIORuntime
internal import NIOCore

/// The channel that hosted handlers see.
final class HostChannel: Channel, ChannelCore, @unchecked Sendable {
  // Sendable: see above.
  private enum Phase { case open, closed, gone }

  let loop = HostedEventLoop()
  let allocator = ByteBufferAllocator()
  let remoteAddress: NIOCore.SocketAddress?
  private(set) lazy var pipeline = ChannelPipeline(channel: self)
  private let closing: EventLoopPromise<Void>
  private var phase = Phase.open

  var output = HostedOutput()
  /// Why the channel is of no use any more: the first error.
  private(set) var failure: (any Error)?
  /// Whether nothing more will come in.
  private(set) var hasInputEnded = false
  /// Whether the pipeline has closed its writing side.
  private(set) var hasOutputEnded = false
  var allowsHalfClosure = false
  private(set) var isWritable = true
  /// Whether the handlers have asked for more input, and who waits for them to ask.
  private var wantsInput = false
  private var inputWaiter: Waiter?

  /// NIO's usual marks: above the first it says that it is not writable, below the second that it is again.
  private static let waterMarks = (high: 65_536, low: 32_768)

  init(remoteAddress: NIOCore.SocketAddress?) {
    self.remoteAddress = remoteAddress
    closing = loop.makePromise()
    // A lazy property is not made on several threads at once.
    _ = pipeline
  }

  var eventLoop: any NIOCore.EventLoop { loop }
  var _channelCore: any ChannelCore { self }
  var closeFuture: EventLoopFuture<Void> { closing.futureResult }
  var localAddress: NIOCore.SocketAddress? { nil }
  var parent: (any Channel)? { nil }
  var isActive: Bool { phase == .open }
  var isOpen: Bool { phase == .open }

  // MARK: What the pipeline calls

  func localAddress0() throws -> NIOCore.SocketAddress { throw ChannelError.unknownLocalAddress }
  func remoteAddress0() throws -> NIOCore.SocketAddress {
    guard let remoteAddress else { throw ChannelError.operationUnsupported }
    return remoteAddress
  }
  func register0(promise: EventLoopPromise<Void>?) { promise?.succeed(()) }
  func registerAlreadyConfigured0(promise: EventLoopPromise<Void>?) { promise?.succeed(()) }
  func bind0(to: NIOCore.SocketAddress, promise: EventLoopPromise<Void>?) {
    promise?.fail(ChannelError.operationUnsupported)
  }
  func connect0(to: NIOCore.SocketAddress, promise: EventLoopPromise<Void>?) {
    promise?.fail(ChannelError.operationUnsupported)
  }
  func triggerUserOutboundEvent0(_ event: Any, promise: EventLoopPromise<Void>?) {
    promise?.fail(ChannelError.operationUnsupported)
  }

  func write0(_ data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard phase == .open, !hasOutputEnded else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    if let buffer = tryUnwrapData(data, as: ByteBuffer.self) {
      output.put(buffer, promise)
    } else if let data = tryUnwrapData(data, as: IOData.self), case .byteBuffer(let buffer) = data {
      output.put(buffer, promise)
    } else {
      promise?.fail(ChannelError.operationUnsupported)
    }
  }

  // What was written is sent soon in any case: the task that has called the pipeline sends it.
  func flush0() { updateWritability() }

  func read0() {
    wantsInput = true
    inputWaiter.take()?.finish(.woken)
  }

  func close0(error: any Error, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    switch mode {
    case .input: promise?.fail(ChannelError.operationUnsupported)
    case .output:
      hasOutputEnded = true
      promise?.succeed(())
    case .all:
      closeAll()
      promise?.succeed(())
    }
  }

  // The last handler of the pipeline is ours, and lets nothing through.
  func channelRead0(_ data: NIOAny) {}
  func errorCaught0(error: any Error) { fail(error) }

  // MARK: What the streams report

  /// Adds bytes that have come in; none at the end of the stream.
  func receive(_ bytes: [UInt8]) {
    guard phase == .open else { return }
    wantsInput = false
    if bytes.isEmpty {
      endOfStream()
    } else {
      pipeline.syncOperations.fireChannelRead(NIOAny(ByteBuffer(bytes: bytes)))
      pipeline.syncOperations.fireChannelReadComplete()
    }
  }

  private func endOfStream() {
    if allowsHalfClosure {
      pipeline.syncOperations.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    } else {
      closeAll()
    }
    hasInputEnded = true
  }

  /// Notes that nothing more will come in.
  func endInput() { hasInputEnded = true }

  /// Notes why the channel cannot be used any more; the first reason counts.
  func fail(_ error: any Error) {
    if failure == nil { failure = error }
  }

  /// Asks the handlers whether input may come; a waiter if they hold it back.
  func askForInput() -> Waiter? {
    if !wantsInput { pipeline.syncOperations.read() }
    if wantsInput || phase != .open { return nil }
    let waiter = Waiter()
    inputWaiter = waiter
    return waiter
  }

  /// Tells the handlers when there is too much to be sent, or no longer.
  func updateWritability() {
    let isWritable =
      output.pendingCount < (self.isWritable ? Self.waterMarks.high : Self.waterMarks.low)
    guard isWritable != self.isWritable else { return }
    self.isWritable = isWritable
    pipeline.syncOperations.fireChannelWritabilityChanged()
  }

  // MARK: Ending

  /// Lets the handlers know that it is over, when they have returned.
  func closeAll() {
    guard phase == .open else { return }
    phase = .closed
    hasInputEnded = true
    hasOutputEnded = true
    inputWaiter.take()?.finish(.woken)
    loop.execute { self.removeEverything() }
  }

  private func removeEverything() {
    guard phase == .closed else { return }
    phase = .gone
    pipeline.syncOperations.fireChannelInactive()
    pipeline.syncOperations.fireChannelUnregistered()
    removeHandlers(pipeline: pipeline)
    closing.succeed(())
  }
}
