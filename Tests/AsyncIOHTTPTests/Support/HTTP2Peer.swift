import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime

@testable import AsyncIOHTTP

/// A frame of HTTP/2 as it is on the wire (RFC 9113 §4.1).
struct WireFrame {
  enum Kind: UInt8 {
    case data = 0, headers, priority, reset, settings, pushPromise, ping, goAway, windowUpdate, continuation
  }

  var kind: Kind
  var flags: UInt8 = 0
  var stream: Int = 0
  var payload: [UInt8] = []

  static let endStream: UInt8 = 1
  static let acknowledged: UInt8 = 1
  static let endHeaders: UInt8 = 4

  var bytes: [UInt8] {
    let count = payload.count
    return [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255), kind.rawValue, flags]
      + Self.word(stream) + payload
  }

  static func word(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  /// The number that stands at `offset` of the payload.
  func word(at offset: Int) -> Int {
    payload.dropFirst(offset).prefix(4).reduce(0) { $0 << 8 | Int($1) }
  }

  static func settings(_ values: [(Int, Int)] = []) -> WireFrame {
    WireFrame(
      kind: .settings, payload: values.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 255)] + word($0.1) })
  }

  static func headers(
    _ fields: [(String, String)], on stream: Int, flags: UInt8 = endStream | endHeaders
  ) -> WireFrame {
    WireFrame(kind: .headers, flags: flags, stream: stream, payload: block(fields))
  }

  /// A block of fields, none of them compressed (RFC 7541 §6.2.2).
  static func block(_ fields: [(String, String)]) -> [UInt8] {
    func text(_ text: String) -> [UInt8] {
      let bytes = Array(text.utf8)
      // A prefix of 7 bits: 127 and what is beyond, in groups of 7.
      guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
      var length: [UInt8] = [127]
      var rest = bytes.count - 127
      while rest >= 128 {
        length.append(UInt8(rest & 127) | 128)
        rest >>= 7
      }
      return length + [UInt8(rest)] + bytes
    }
    return fields.flatMap { [0] + text($0.0) + text($0.1) }
  }

  static func data(_ bytes: [UInt8], on stream: Int, isLast: Bool = true) -> WireFrame {
    WireFrame(kind: .data, flags: isLast ? endStream : 0, stream: stream, payload: bytes)
  }

  static func reset(_ stream: Int, _ code: HTTP2Error.Code) -> WireFrame {
    WireFrame(kind: .reset, stream: stream, payload: word(Int(code.number)))
  }

  static func goAway(_ last: Int, _ code: HTTP2Error.Code, _ text: String = "") -> WireFrame {
    WireFrame(kind: .goAway, payload: word(last) + word(Int(code.number)) + Array(text.utf8))
  }

  static func windowUpdate(_ increment: Int, on stream: Int = 0) -> WireFrame {
    WireFrame(kind: .windowUpdate, stream: stream, payload: word(increment))
  }

  static func ping(flags: UInt8 = 0) -> WireFrame {
    WireFrame(kind: .ping, flags: flags, payload: Array(repeating: 7, count: 8))
  }

  static func request(_ path: String = "/", on stream: Int, flags: UInt8 = endStream | endHeaders)
    -> WireFrame
  {
    headers(
      [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", path)], on: stream,
      flags: flags)
  }
}

/// One end of a connection that speaks frames, however wrong.
struct WirePeer {
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  let stream: TCPStream
  let reader: BufferedReader<TCPStream>

  init(_ stream: TCPStream) {
    self.stream = stream
    reader = BufferedReader(stream)
  }

  /// Connects as a client, and says what every client says first.
  static func connect(port: Int, settings: [(Int, Int)] = []) async throws -> WirePeer {
    let peer = WirePeer(try await TCPStream.connect(host: "127.0.0.1", port: port))
    try await peer.stream.write(preface + WireFrame.settings(settings).bytes)
    return peer
  }

  func send(_ frames: WireFrame...) async throws { try await send(frames) }

  func send(_ frames: [WireFrame]) async throws { try await stream.write(frames.flatMap(\.bytes)) }

  /// The next frame; nil at the connection's end.
  func next() async throws -> WireFrame? {
    do {
      let head = try await reader.read(exactly: 9)
      let count = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
      let payload = count > 0 ? try await reader.read(exactly: count) : []
      guard let kind = WireFrame.Kind(rawValue: head[3]) else { return try await next() }
      let stream = head[5..<9].reduce(0) { $0 << 8 | Int($1) }
      return WireFrame(kind: kind, flags: head[4], stream: stream, payload: payload)
    } catch is IOError {
      return nil
    }
  }

  /// The next frame of a kind; nil at the connection's end.
  func next(_ kind: WireFrame.Kind, on stream: Int? = nil) async throws -> WireFrame? {
    while let frame = try await next() {
      if frame.kind == kind, stream == nil || frame.stream == stream { return frame }
    }
    return nil
  }

  /// With what code the connection was ended; nil if it was without any.
  func goneAway() async throws -> HTTP2Error.Code? {
    try await next(.goAway).map { HTTP2Error.Code(number: UInt32($0.word(at: 4))) }
  }
}

extension ScriptedPeer {
  /// Runs `body` beside a server that speaks frames: `script` runs when a client has said what every client says first.
  static func runFrames<Result>(
    settings: [(Int, Int)] = [], _ script: @escaping @Sendable (WirePeer, _ number: Int) async throws -> Void,
    _ body: (ScriptedPeer) async throws -> Result
  ) async throws -> Result {
    try await run { connection in
      let peer = WirePeer(connection.stream)
      guard try await peer.reader.read(exactly: WirePeer.preface.count) == WirePeer.preface else { return }
      try await peer.send(.settings(settings))
      try await script(peer, connection.number)
    } _: {
      try await body($0)
    }
  }
}

extension WirePeer {
  /// Waits for a client's next request, and gives the number of its stream.
  func nextRequest() async throws -> Int? { try await next(.headers)?.stream }

  /// Answers with some text.
  func answer(_ stream: Int, _ text: String) async throws {
    try await send(
      .headers([(":status", "200")], on: stream, flags: WireFrame.endHeaders),
      .data(Array(text.utf8), on: stream))
  }
}
