// A connection of HTTP/2: handlers of NIOHTTP2 hosted on one of our byte streams, and a table of streams after them.
//
// One task runs `run`, and reads for all streams until the connection ends. Everybody else takes turns: a stream writes its
// frames in one, and waits for nothing but its own windows. Bytes are sent by the channel's task (HostedPipeline.swift).
//
// The connection holds its pipeline, and that its table of streams, which hold the connection: so it lives as long as a stream
// or a reader does, and both end when it is closed or cut.

import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import NIOCore
import NIOHPACK
import NIOHTTP2

/// Ours: NIOCore has a type of the same name.
private typealias IOError = AsyncIORuntime.IOError

/// Which side of a connection this is.
enum HTTP2Side { case client, server }

/// What a connection tells its peer, and what it bears from it.
struct HTTP2Settings: Sendable {
  /// How many streams the peer may have open at a time.
  var maximumStreams = 100
  /// How many bytes of one stream may wait to be read.
  var streamWindow = 1024 * 1024
  /// How many bytes may be on their way for all streams.
  var connectionWindow = 16 * 1024 * 1024
  /// How large a list of fields may be, as HPACK counts it.
  var maximumFieldListSize = 64 * 1024
  /// How many streams the peer may reset within half a minute (CVE-2023-44487).
  var maximumResets = 200
  /// How many pings, settings and the like the peer may send within half a minute.
  var maximumControlFrames = 200
}

/// A connection, on either side.
final class HTTP2Connection: Sendable {
  let side: HTTP2Side
  let settings: HTTP2Settings
  let pipeline: any HostedPipeline
  let handler: HTTP2FrameHandler

  /// Puts the protocol on a stream, which nobody else may use from now on.
  init(over stream: some ByteStream, as side: HTTP2Side, _ settings: HTTP2Settings) throws {
    self.side = side
    self.settings = settings
    let handler = HTTP2FrameHandler(side, settings)
    self.handler = handler
    pipeline = try HostedChannel<_, HTTP2Frame, HTTP2Frame>(stream) { operations in
      try operations.addHandlers([settings.makeHandler(side, delegate: handler), handler])
    }
    pipeline.turn { operations in
      handler.connection = self
      let update = HTTP2Frame(
        streamID: .rootStream,
        payload: .windowUpdate(windowSizeIncrement: settings.connectionWindow - 65_535))
      operations.writeAndFlush(NIOAny(update), promise: nil)
    }
  }

  /// A stream that is still to be opened, by a client.
  func makeStream() -> HTTP2Stream {
    HTTP2Stream(.rootStream, of: self, window: settings.streamWindow)
  }

  // MARK: Reading

  /// Reads until the connection ends, and gives what concerns others than the streams to `handle`.
  ///
  /// - Parameters:
  ///   - beginning: what was read from the stream before.
  ///   - handle: called in no turn.
  ///
  /// ## Cancellation
  /// Ends all streams, and returns.
  func run(beginning: [UInt8] = [], _ handle: (HTTP2FrameHandler.Events) -> Void) async {
    if !beginning.isEmpty { handle(pipeline.receive(beginning, then: takeEvents)) }
    while !hasEnded {
      do {
        handle(try await pipeline.readMore(then: takeEvents))
      } catch {
        handle(
          pipeline.turn { _ in
            if let error = error as? IOError, error.code == .closed { handler.failClosed(error) }
            handler.fail(error)
            return takeEvents()
          })
      }
    }
  }

  private func takeEvents() -> HTTP2FrameHandler.Events {
    var events = HTTP2FrameHandler.Events()
    swap(&events, &handler.events)
    return events
  }

  private var hasEnded: Bool { pipeline.turn { _ in handler.failure != nil } }

  /// Why it is of no use any more.
  var failure: HTTP2Error? { pipeline.turn { _ in handler.failure } }

  // MARK: Ending

  /// Tells the peer that the last stream that has come from it is the last one that is processed.
  func goAway() {
    pipeline.turn { operations in
      guard handler.failure == nil else { return }
      let frame = HTTP2Frame(
        streamID: .rootStream,
        payload: .goAway(lastStreamID: handler.lastPeerStream, errorCode: .noError, opaqueData: nil))
      operations.writeAndFlush(NIOAny(frame), promise: nil)
    }
  }

  /// How long the farewell may take.
  private static let patience = Duration.seconds(2)

  /// Says farewell and closes.
  ///
  /// ## Cancellation
  /// It is closed in any case.
  func close() async {
    goAway()
    await end { try await self.pipeline.flush() }
  }

  /// Closes such that a peer that is still sending learns why.
  func closeAfterFailure() async {
    await end { await self.pipeline.linger() }
  }

  /// Closes after `farewell`, or at once where that takes too long.
  private func end(_ farewell: @escaping @Sendable () async throws -> Void) async {
    do {
      try await withTimeout(Self.patience) { try await farewell() }
    } catch {
      // Closing would wait for a peer that does not read.
      pipeline.abort()
    }
    await pipeline.close()
  }

  /// Closes at once; whoever waits for a stream throws `IOError` with the code `closed`.
  func cut() {
    pipeline.turn { _ in handler.failClosed(IOError(.closed, operation: "read")) }
    pipeline.abort()
  }
}

extension HTTP2Settings {
  /// The handler that speaks the protocol.
  fileprivate func makeHandler(_ side: HTTP2Side, delegate: HTTP2FrameHandler) -> NIOHTTP2Handler {
    var connection = NIOHTTP2Handler.ConnectionConfiguration()
    connection.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: maximumStreams),
      HTTP2Setting(parameter: .initialWindowSize, value: streamWindow),
      HTTP2Setting(parameter: .maxHeaderListSize, value: maximumFieldListSize),
    ]
    if side == .client {
      connection.initialSettings.append(HTTP2Setting(parameter: .enablePush, value: 0))
    }
    // Some send an empty frame now and then, such as before trailers.
    connection.maximumSequentialEmptyDataFrames = 8
    // As many continuations as the largest list of fields takes, in frames of the size that we allow.
    connection.maximumSequentialContinuationFrames = max(4, maximumFieldListSize / 16_384 + 1)
    // Frames of a stream may come long after it was reset here.
    connection.maximumRecentlyResetStreams = 256
    connection.maximumBufferedControlFrames = 1_000
    connection.controlFrameRateLimit.maximumCount = maximumControlFrames
    var stream = NIOHTTP2Handler.StreamConfiguration()
    stream.streamResetFrameRateLimit.maximumCount = maximumResets
    stream.streamErrorRateLimit.maximumCount = maximumResets
    return NIOHTTP2Handler(
      mode: side == .client ? .client : .server, frameDelegate: delegate, connectionConfiguration: connection,
      streamConfiguration: stream)
  }
}
