// The last handler of a connection's pipeline: it gives each frame to its stream.
//
// State: everything here, and everything in the streams, is touched in turns of the connection's pipeline only
// (HostedPipeline.swift), whoever takes them: the task that reads, those that write, a timer. In a turn nothing waits and no
// code of others runs. Waiters are finished within it; that only makes their tasks ready, and they look again in turns of their
// own. What concerns others than the streams, the pool or the tasks of handlers, is noted in `events`, and the task that reads
// sees to it when its turn is over.
//
// A stream is in `streams` from its first frame until both sides have ended it, or one has reset it, or the connection ends. So
// whoever is in there is told of the end, exactly once, and holds its connection no longer than that.

import AsyncIORuntime
import NIOCore
import NIOHPACK
import NIOHTTP2

/// Ours: NIOCore has a type of the same name.
private typealias IOError = AsyncIORuntime.IOError

/// The streams of a connection.
final class HTTP2FrameHandler: ChannelInboundHandler, NIOHTTP2FrameDelegate, @unchecked Sendable {
  // Sendable: see above.
  typealias InboundIn = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  /// What the task that reads has to see to.
  struct Events {
    /// Streams that the peer has opened.
    var opened: [HTTP2Stream] = []
    /// Streams of the peer that it, or a breach of the rules, has reset.
    var reset: [HTTP2Stream] = []
    /// How many streams the peer allows at a time, if it has said so anew.
    var streamLimit: Int?
    /// Whether the peer has said that it goes away.
    var isGoingAway = false
  }

  let side: HTTP2Side
  private let settings: HTTP2Settings
  weak var connection: HTTP2Connection?
  private(set) var streams: [HTTP2StreamID: HTTP2Stream] = [:]
  var events = Events()

  /// Why there are no streams any more; nil while the connection is of use.
  private(set) var failure: HTTP2Error?
  /// Whether no more streams may be opened.
  private(set) var isGoingAway = false
  /// Whether the peer's first settings have come.
  private(set) var hasSettings = false
  /// The last stream that the peer has opened.
  private(set) var lastPeerStream = HTTP2StreamID.rootStream
  private var nextStream: Int32 = 1
  /// How often something has come from the peer.
  private(set) var readCount = 0
  /// How many bytes the peer's windows for the connection, and for a new stream, let through.
  private(set) var outboundWindow = 65_535
  private var initialOutboundWindow = 65_535
  /// Whether the channel takes more bytes without keeping them.
  private(set) var isWritable = true
  /// What the peer has said when it went away, or what it was told with our error.
  private var goAway: (code: HTTP2Error.Code, detail: String)?
  private var ownError: HTTP2ErrorCode?
  /// The stream that was reset last by the handler before this one, which then says why.
  private var violated: HTTP2Stream?

  init(_ side: HTTP2Side, _ settings: HTTP2Settings) {
    self.side = side
    self.settings = settings
  }

  // MARK: Streams of ours

  /// Gives a new stream its number; nil if no more may be opened.
  func add(_ stream: HTTP2Stream) -> HTTP2StreamID? {
    guard failure == nil, !isGoingAway, nextStream < Int32.max - 2 else { return nil }
    let id = HTTP2StreamID(nextStream)
    nextStream += 2
    stream.outboundWindow = initialOutboundWindow
    streams[id] = stream
    return id
  }

  /// Forgets a stream.
  func remove(_ id: HTTP2StreamID) { streams[id] = nil }

  // MARK: Frames

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    switch frame.payload {
    case .headers(let payload):
      if let stream = streams[frame.streamID] {
        stream.receive(payload.headers, isLast: payload.endStream)
      } else if side == .server {
        open(frame.streamID, payload, context)
      }
    case .data(let payload):
      guard let stream = streams[frame.streamID], case .byteBuffer(let buffer) = payload.data else { return }
      stream.receive(buffer, padding: payload.paddingBytes.map { $0 + 1 } ?? 0, isLast: payload.endStream)
    case .rstStream(let code):
      guard let stream = streams.removeValue(forKey: frame.streamID) else { return }
      stream.end(HTTP2Error.reset(Int(frame.streamID), HTTP2Error.Code(code)))
      if side == .server { events.reset.append(stream) }
    case .goAway(let last, let code, let data): goAway(last, HTTP2Error.Code(code), data)
    case .settings(.settings(let settings)): apply(settings)
    default: break
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    readCount &+= 1
    context.fireChannelReadComplete()
  }

  private func open(
    _ id: HTTP2StreamID, _ payload: HTTP2Frame.FramePayload.Headers, _ context: ChannelHandlerContext
  ) {
    guard id > lastPeerStream, let connection else { return }
    lastPeerStream = id
    guard streams.count < settings.maximumStreams else {
      // The client may not have read yet how many are allowed.
      let frame = HTTP2Frame(streamID: id, payload: .rstStream(.refusedStream))
      return context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
    let stream = HTTP2Stream(id, of: connection, window: settings.streamWindow)
    stream.outboundWindow = initialOutboundWindow
    streams[id] = stream
    stream.receive(payload.headers, isLast: payload.endStream)
    events.opened.append(stream)
  }

  private func apply(_ settings: [HTTP2Setting]) {
    hasSettings = true
    for setting in settings {
      switch setting.parameter {
      case .maxConcurrentStreams: events.streamLimit = setting.value
      case .initialWindowSize:
        // RFC 9113 §6.9.2: it changes the windows of open streams too.
        for stream in streams.values { stream.outboundWindow += setting.value - initialOutboundWindow }
        initialOutboundWindow = setting.value
      default: break
      }
    }
  }

  private func goAway(_ last: HTTP2StreamID, _ code: HTTP2Error.Code, _ data: ByteBuffer?) {
    isGoingAway = true
    events.isGoingAway = true
    var detail = ""
    if let data, data.readableBytes > 0 {
      let text = String(decoding: data.readableBytesView.prefix(200), as: UTF8.self)
      detail = " (\(text.debugDescription))"
    }
    if code != .noError { goAway = (code, detail) }
    guard side == .client else { return }
    for (id, stream) in streams where id > last {
      streams[id] = nil
      stream.end(HTTP2Error.goneAway(Int(id), code, lastStream: Int(last), detail))
    }
  }

  // MARK: What the handler before tells

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case let event as NIOHTTP2WindowUpdatedEvent: updateWindow(event, context)
    case let event as StreamClosedEvent:
      guard let stream = streams.removeValue(forKey: event.streamID), let reason = event.reason else {
        return
      }
      // Reset by the handler before this one, as the peer has broken the rules; why comes as an error right after.
      violated = stream
      let code = HTTP2Error.Code(reason)
      stream.end(HTTP2Error.violation(Int(event.streamID), code, "the peer has broken the protocol"))
      if side == .server { events.reset.append(stream) }
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  private func updateWindow(_ event: NIOHTTP2WindowUpdatedEvent, _ context: ChannelHandlerContext) {
    guard event.streamID == .rootStream else {
      if let size = event.outboundWindowSize { streams[event.streamID]?.outboundWindow = size }
      return
    }
    if let size = event.outboundWindowSize { outboundWindow = size }
    // The connection's window is given back as bytes come, not as they are read: so a stream that is read slowly stops itself
    // alone. What waits is bounded by the windows of the streams.
    guard let size = event.inboundWindowSize, size <= settings.connectionWindow / 2, failure == nil else {
      return
    }
    let update = HTTP2Frame(
      streamID: .rootStream, payload: .windowUpdate(windowSizeIncrement: settings.connectionWindow - size))
    context.writeAndFlush(wrapOutboundOut(update), promise: nil)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    isWritable = context.channel.isWritable
    context.fireChannelWritabilityChanged()
  }

  func wroteFrame(_ frame: HTTP2Frame) {
    if case .goAway(_, let code, _) = frame.payload, code != .noError { ownError = code }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let ownError {
      return fail(
        HTTP2Error(HTTP2Error.Code(ownError), stream: nil, "GOAWAY \(HTTP2Error.Code(ownError)): \(error)"))
    }
    if let error = error as? NIOHTTP2Errors.StreamError {
      // What was written breaks the rules, and was not sent. The peer would wait for it, and the stream would stay.
      guard let stream = streams.removeValue(forKey: error.streamID) else { return }
      stream.end(HTTP2Error.violation(Int(error.streamID), .internalError, "\(error.baseError)"))
      let frame = HTTP2Frame(streamID: error.streamID, payload: .rstStream(.internalError))
      context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    } else if let stream = violated.take() {
      stream.explain("\(error)")
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(HTTP2Error(.noError, stream: nil, "the peer has closed the connection"))
    context.fireChannelInactive()
  }

  // MARK: Ending

  /// Ends all streams; the first reason counts.
  func fail(_ error: any Error) {
    guard failure == nil else { return }
    let reason = goAway.map { ", after GOAWAY \($0.code)\($0.detail)" } ?? ""
    let error = error as? HTTP2Error ?? HTTP2Error(.internalError, stream: nil, "\(error)")
    failure = HTTP2Error(goAway?.code ?? error.code, stream: nil, error.message + reason)
    isGoingAway = true
    let ended = streams
    streams = [:]
    for (id, stream) in ended {
      stream.end(failure?.onStream(Int(id)) ?? error)
      if side == .server { events.reset.append(stream) }
    }
  }

  /// Ends all streams because the connection was closed here.
  func failClosed(_ error: AsyncIORuntime.IOError) {
    let ended = streams
    streams = [:]
    for stream in ended.values {
      stream.end(error)
      if side == .server { events.reset.append(stream) }
    }
    fail(HTTP2Error(.noError, stream: nil, "the connection was closed here"))
  }
}

extension HTTP2Error.Code {
  init(_ code: HTTP2ErrorCode) { self.init(number: UInt32(http2ErrorCode: code)) }
}

extension HTTP2ErrorCode {
  init(_ code: HTTP2Error.Code) { self.init(networkCode: Int(code.number)) }
}
