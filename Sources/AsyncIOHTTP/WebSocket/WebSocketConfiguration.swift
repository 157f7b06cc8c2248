/// The limits and habits of a WebSocket.
public struct WebSocketConfiguration: Sendable {
  /// How large a message may be that is received as a whole, in bytes, decompressed; a larger one closes the connection with
  /// 1009.
  ///
  /// Messages that are received piece by piece have no such limit.
  public var maximumMessageSize = 1024 * 1024
  /// How large the payload of a frame may be, in bytes, as it comes; nil for no limit.
  public var maximumFrameSize: Int?
  /// How much is received before anybody asks for it, in bytes; the peer has to wait then.
  ///
  /// It is looked at after each message, or piece of a large one: with 0 that is one of them.
  ///
  /// As long as it waits pings are not answered, and none are sent.
  public var readAhead = 64 * 1024
  /// After how long a silence the peer is sent a ping; nil for never.
  public var pingInterval: Duration? = .seconds(20)
  /// How long the peer may take to answer a ping.
  public var pingTimeout: Duration = .seconds(20)
  /// How long closing may take in all; then the connection is cut.
  public var closeTimeout: Duration = .seconds(10)
  /// How messages are compressed where the peer agrees (RFC 7692); nil for not at all.
  public var compression: WebSocketCompression? = WebSocketCompression()
  /// The protocols of the application that are spoken here, the preferred one first.
  ///
  /// A client offers them; a server chooses the first one that the client has offered. Where none fits both go on without one.
  public var subprotocols: [String] = []
  /// Which pages may connect; for servers.
  public var origins = WebSocketOrigins.sameHost

  /// Makes the default configuration.
  public init() {}
}

/// Which pages may connect to a server: browsers let a page connect to any server, with the cookies that belong there, and say
/// in `Origin` whose page it is (RFC 6455 §10.2).
public enum WebSocketOrigins: Hashable, Sendable {
  /// Those of the host and port that the connection was made to, and whatever is no browser.
  case sameHost
  /// These, such as `https://example.org`, and whatever is no browser.
  case only(Set<String>)
  /// All.
  case any
}

/// How messages are compressed (permessage-deflate, RFC 7692).
///
/// The defaults keep the memory of a connection small: about 50 KiB.
public struct WebSocketCompression: Hashable, Sendable {
  /// How far back repetitions are found: 2 to this power bytes, from 9 to 15, in both directions.
  public var windowBits: Int {
    didSet { Self.check(windowBits) }
  }
  /// Whether messages are compressed with what is known from those before, which needs memory between them.
  public var keepsContext: Bool
  /// How hard to try, from 1 to 9.
  public var level: Int {
    didSet { Self.check(level: level) }
  }
  /// Messages of fewer bytes are not compressed.
  public var minimumSize: Int

  /// Makes the rules.
  ///
  /// - Parameters:
  ///   - windowBits: how far back repetitions are found: 2 to this power bytes, from 9 to 15.
  ///   - keepsContext: whether messages are compressed with what is known from those before.
  ///   - level: how hard to try, from 1 to 9.
  ///   - minimumSize: messages of fewer bytes are not compressed.
  public init(windowBits: Int = 12, keepsContext: Bool = true, level: Int = 6, minimumSize: Int = 64) {
    Self.check(windowBits)
    Self.check(level: level)
    self.windowBits = windowBits
    self.keepsContext = keepsContext
    self.level = level
    self.minimumSize = minimumSize
  }

  private static func check(_ windowBits: Int) {
    precondition((9...15).contains(windowBits), "A window has 9 to 15 bits, not \(windowBits).")
  }

  private static func check(level: Int) {
    precondition((1...9).contains(level), "The level of a compression is from 1 to 9, not \(level).")
  }
}
