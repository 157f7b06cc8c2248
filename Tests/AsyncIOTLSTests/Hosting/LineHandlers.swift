import NIOCore

/// Lines of text, each ended by a newline, as messages.
final class LineDecoder: ByteToMessageDecoder {
  typealias InboundOut = String

  func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
    guard let end = buffer.readableBytesView.firstIndex(of: 10) else { return .needMoreData }
    let line = buffer.readString(length: end - buffer.readerIndex) ?? ""
    buffer.moveReaderIndex(forwardBy: 1)
    guard line != "bad" else { throw BadLine() }
    context.fireChannelRead(wrapInboundOut(line))
    return .continue
  }

  func decodeLast(
    context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
  ) throws -> DecodingState {
    while try decode(context: context, buffer: &buffer) == .continue {}
    if let rest = buffer.readString(length: buffer.readableBytes), !rest.isEmpty {
      context.fireChannelRead(wrapInboundOut("unfinished: \(rest)"))
    }
    return .needMoreData
  }
}

struct BadLine: Error, Equatable {}

/// The other way.
final class LineEncoder: ChannelOutboundHandler {
  typealias OutboundIn = String

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let line = unwrapOutboundIn(data)
    guard line != "bad" else {
      promise?.fail(BadLine())
      return
    }
    context.write(NIOAny(ByteBuffer(string: "\(line)\n")), promise: promise)
  }
}

/// Answers each "ping" by itself, at once or after a while, and passes on the rest.
final class PongHandler: ChannelInboundHandler {
  typealias InboundIn = String
  typealias InboundOut = String
  typealias OutboundOut = String

  private let delay: TimeAmount?

  init(after delay: TimeAmount? = nil) { self.delay = delay }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard unwrapInboundIn(data) == "ping" else { return context.fireChannelRead(data) }
    guard let delay else { return context.writeAndFlush(NIOAny("pong"), promise: nil) }
    let loopBound = context.loopBound
    context.eventLoop.scheduleTask(in: delay) {
      loopBound.value.writeAndFlush(NIOAny("pong"), promise: nil)
    }
  }
}

/// Lets input in only when it was told to.
final class ReadGate: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Any
  struct Open: Sendable {}

  private var isOpen = false
  private var isHolding = false

  func read(context: ChannelHandlerContext) {
    if isOpen { context.read() } else { isHolding = true }
  }

  func triggerUserOutboundEvent(
    context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
  ) {
    isOpen = true
    if isHolding { context.read() }
    promise?.succeed(())
  }
}

/// Notes what happens to its channel.
final class Witness: ChannelDuplexHandler {
  typealias InboundIn = Any
  typealias OutboundIn = Any

  let tell: @Sendable (String) -> Void

  init(_ tell: @escaping @Sendable (String) -> Void) { self.tell = tell }

  func handlerAdded(context: ChannelHandlerContext) { tell("added") }
  func handlerRemoved(context: ChannelHandlerContext) { tell("removed") }
  func channelActive(context: ChannelHandlerContext) {
    tell("active")
    context.fireChannelActive()
  }
  func channelInactive(context: ChannelHandlerContext) {
    tell("inactive")
    context.fireChannelInactive()
  }
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    tell(context.channel.isWritable ? "writable" : "not writable")
    context.fireChannelWritabilityChanged()
  }
}
