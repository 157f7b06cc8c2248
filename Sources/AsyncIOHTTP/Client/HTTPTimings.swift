import AsyncIORuntime

/// How long each phase of an exchange took.
///
/// A phase that there was none of is nil: a kept connection needs no look-up of a name and no connecting.
public struct HTTPTimings: Hashable, Sendable {
  /// Redirects, attempts, and waits of a middleware before this exchange.
  public var earlier: Duration = .zero
  /// Waiting for one of the connections that are allowed.
  public var pool: Duration?
  /// Looking up the host.
  public var resolve: Duration?
  /// Waiting for the server to accept a connection.
  public var connect: Duration?
  /// Agreeing on encryption.
  public var secure: Duration?
  /// Sending the request.
  public var send: Duration?
  /// Waiting for the first byte of the response.
  public var firstByte: Duration?
  /// Reading the response.
  public var read: Duration?

  init() {}

  /// Everything together.
  public var total: Duration { phases.reduce(.zero) { $0 + $1.duration } }

  var phases: [(name: String, duration: Duration)] {
    let all: [(String, Duration?)] = [
      ("before this exchange", earlier > .zero ? earlier : nil), (HTTPPhase.pool.rawValue, pool),
      (HTTPPhase.resolve.rawValue, resolve), (HTTPPhase.connect.rawValue, connect),
      (HTTPPhase.secure.rawValue, secure), (HTTPPhase.send.rawValue, send),
      (HTTPPhase.firstByte.rawValue, firstByte), (HTTPPhase.read.rawValue, read),
    ]
    return all.compactMap { name, duration in duration.map { (name, $0) } }
  }

  mutating func set(_ phase: HTTPPhase, _ duration: Duration) {
    switch phase {
    case .middleware: earlier = duration
    case .pool: pool = duration
    case .resolve: resolve = duration
    case .connect: connect = duration
    case .secure: secure = duration
    case .send: send = duration
    case .firstByte: firstByte = duration
    case .read: read = duration
    }
  }
}

extension HTTPTimings: CustomStringConvertible {
  /// The phases in their order, such as `connecting 0.4 s, waiting for the response 1.6 s`.
  public var description: String {
    phases.map { "\($0.name) \(Self.text($0.duration))" }.joined(separator: ", ")
  }

  /// Seconds with three decimals at most.
  static func text(_ duration: Duration) -> String {
    let milliseconds = duration.wholeNanoseconds / 1_000_000
    let rest = milliseconds % 1000
    var decimals = String(rest + 1000).dropFirst()
    while decimals.last == "0", decimals.count > 1 { decimals.removeLast() }
    return "\(milliseconds / 1000).\(decimals) s"
  }
}

/// When an exchange passed from phase to phase, as far as that was noted.
///
/// A request that gets a kept connection and its response in one piece reads the clock once; the others can afford more.
struct HTTPTimeline: Sendable {
  /// When the call that it belongs to began.
  var callStart = LoopClock.Instant(nanoseconds: 0)
  /// When the connection was asked for.
  var start = LoopClock.Instant(nanoseconds: 0)
  /// What was done to connect, if that was done for this request.
  var dial: HTTPDial.Times?
  var leased: LoopClock.Instant?
  var sent: LoopClock.Instant?
  var firstByte: LoopClock.Instant?

  /// What the phases took when `phase`, the last one, ends at `end`.
  func timings(endingIn phase: HTTPPhase, at end: LoopClock.Instant) -> HTTPTimings {
    var timings = HTTPTimings()
    timings.earlier = callStart.duration(to: start)
    var before = start
    func step(_ phase: HTTPPhase, _ instant: LoopClock.Instant?) {
      guard let instant, instant >= before else { return }
      timings.set(phase, before.duration(to: instant))
      before = instant
    }
    if let dial {
      step(.pool, dial.start)
      step(.resolve, dial.resolved)
      step(.connect, dial.connected)
      step(.secure, dial.secured)
      if let leased, leased > before { before = leased }
    } else {
      step(.pool, leased)
    }
    step(.send, sent)
    step(.firstByte, firstByte)
    step(phase, end)
    return timings
  }
}
