import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime

@testable import AsyncIOHTTP

/// The other side of a WebSocket, which says whatever a test wants, however wrong.
final class WebSocketPeer: Sendable {
  let stream: MemoryStream
  let role: WebSocketConnection.Role

  init(_ stream: MemoryStream, _ role: WebSocketConnection.Role) {
    self.stream = stream
    self.role = role
  }

  /// A frame as this side has to send it.
  func frame(
    _ opcode: WebSocketOpcode, _ payload: [UInt8] = [], isFinal: Bool = true, isCompressed: Bool = false
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    WebSocketFrameHeader(
      opcode: opcode, isFinal: isFinal, isCompressed: isCompressed, length: payload.count,
      mask: role == .client ? 0x1234_5678 : nil
    ).append(with: payload[...], to: &bytes)
    return bytes
  }

  func send(_ opcode: WebSocketOpcode, _ payload: [UInt8] = [], isFinal: Bool = true) async throws {
    try await stream.write(frame(opcode, payload, isFinal: isFinal))
  }

  /// Everything that comes up to the end, frame by frame, such as `text hello`.
  func readToEnd() async throws -> [String] {
    var bytes: [UInt8] = []
    do {
      while try await stream.read(appendingTo: &bytes, atMost: 65_536) > 0 {}
    } catch is IOError {
      return frames(bytes) + ["reset"]
    }
    return frames(bytes)
  }

  /// The next frame.
  func read() async throws -> String {
    var bytes: [UInt8] = []
    while true {
      let found = frames(bytes)
      if let first = found.first, !first.hasPrefix("rest") { return first }
      if try await stream.read(appendingTo: &bytes, atMost: 1) == 0 { return "end" }
    }
  }

  /// The frames in `bytes`.
  func frames(_ bytes: [UInt8]) -> [String] {
    let rules = WebSocketFrameHeader.Rules(isMasked: role == .server, allowsCompression: true)
    var (found, start): ([String], Int) = ([], 0)
    while let (header, size) = try? WebSocketFrameHeader.read(bytes.span, from: start, rules),
      start + size + header.length <= bytes.count
    {
      var payload = Array(bytes[(start + size)...].prefix(header.length))
      if let mask = header.mask { payload.mask(0..<payload.count, with: mask) }
      start += size + header.length
      let suffix = header.isFinal ? "" : "…"
      switch header.opcode {
      case .close:
        let (code, reason) = (try? WebSocketClosure.read(payload[...])) ?? (.noStatus, "invalid")
        found.append("close \(code.rawValue)" + (reason.isEmpty ? "" : " \(reason)"))
      case .binary,
        .continuation where payload.count > 20:
        found.append("\(header.opcode) \(payload.count)\(suffix)")
      default: found.append("\(header.opcode) \(String(decoding: payload, as: UTF8.self))\(suffix)")
      }
    }
    if start < bytes.count { found.append("rest \(bytes.count - start)") }
    return found
  }

  // MARK: Running

  /// Runs a socket of the opposite role beside a peer.
  static func run<Result: Sendable>(
    as role: WebSocketConnection.Role = .client,
    _ configuration: WebSocketConfiguration = WebSocketConfiguration(),
    capacity: Int = 65_536, compresses: Bool = false,
    socket body: @escaping @Sendable (WebSocket) async throws -> Result,
    peer: (WebSocketPeer, TaskHandle<Result>) async throws -> Void
  ) async throws {
    let (one, other) = MemoryStream.pair(capacity: capacity)
    let own: WebSocketConnection.Role = role == .client ? .server : .client
    var agreement = WebSocketAgreement()
    if compresses { agreement.compression = WebSocketCompressionAgreement() }
    let running = createTask { [agreement] in
      try await WebSocket.run(over: one, own, configuration, agreement, body)
    }
    try await peer(WebSocketPeer(other, role), running)
  }

  /// Runs two sockets against each other.
  static func pair(
    _ configuration: WebSocketConfiguration = WebSocketConfiguration(), capacity: Int = 65_536,
    compresses: Bool = false,
    client: @escaping @Sendable (WebSocket) async throws -> Void,
    server: @escaping @Sendable (WebSocket) async throws -> Void
  ) async throws {
    let (one, other) = MemoryStream.pair(capacity: capacity)
    var agreement = WebSocketAgreement()
    if compresses { agreement.compression = WebSocketCompressionAgreement() }
    try await gather(
      { [agreement] in try await WebSocket.run(over: one, .client, configuration, agreement, client) },
      { [agreement] in try await WebSocket.run(over: other, .server, configuration, agreement, server) })
  }
}
