import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOHTTP

/// Peers that break the protocol: each is told so by the right code, whoever receives gets an error that says why, and memory is
/// bounded.
@Suite(.virtualTime) struct HostileWebSocketPeerTests {
  private static var configuration: WebSocketConfiguration {
    var configuration = WebSocketConfiguration()
    configuration.maximumMessageSize = 1000
    configuration.maximumFrameSize = 400_000
    return configuration
  }

  /// What a server makes of bytes of a client: the code that it closes with, and its error.
  private func outcome(
    of bytes: [UInt8], compresses: Bool = false
  ) async throws -> (answer: [String], error: WebSocketError?) {
    var answer: [String] = []
    var error: WebSocketError?
    try await WebSocketPeer.run(Self.configuration, compresses: compresses) { socket in
      for try await _ in socket {}
    } peer: { peer, running in
      let writing = createTask { try? await peer.stream.write(bytes) }
      answer = try await peer.readToEnd()
      try await writing.value
      do { try await running.value } catch let failure as WebSocketError { error = failure }
    }
    return (answer, error)
  }

  private static let client = WebSocketPeer(MemoryStream.pair().0, .client)

  private static let fragments: [UInt8] = {
    var bytes: [UInt8] = []
    for number in 0..<30_000 {
      bytes += client.frame(number == 0 ? .binary : .continuation, [1, 2, 3, 4, 5, 6, 7], isFinal: false)
    }
    return bytes
  }()

  private static let cases: [(String, [UInt8], UInt16, WebSocketError.Code)] = [
    ("a frame without a mask", [0x81, 0x01, 0x61], 1002, .protocolViolation),
    ("reserved bits", [0xA1, 0x80, 0, 0, 0, 0], 1002, .protocolViolation),
    ("compression without an agreement", [0xC1, 0x80, 0, 0, 0, 0], 1002, .protocolViolation),
    ("an unknown opcode", [0x83, 0x80, 0, 0, 0, 0], 1002, .protocolViolation),
    ("a ping of 126 bytes", [0x89, 0xFE, 0, 126], 1002, .protocolViolation),
    ("a ping in fragments", [0x09, 0x80, 0, 0, 0, 0], 1002, .protocolViolation),
    ("a continuation of nothing", client.frame(.continuation, [1]), 1002, .protocolViolation),
    (
      "a message within a message", client.frame(.text, [0x61], isFinal: false) + client.frame(.text, [0x61]),
      1002, .protocolViolation
    ),
    ("text that is no UTF-8", client.frame(.text, [0xC3, 0x28]), 1007, .invalidPayload),
    (
      "text that ends in a character",
      client.frame(.text, [0xE2, 0x82], isFinal: false) + client.frame(.continuation, []), 1007,
      .invalidPayload
    ),
    ("a close frame of one byte", client.frame(.close, [3]), 1002, .protocolViolation),
    ("a close frame with 1005", client.frame(.close, [0x03, 0xED]), 1002, .protocolViolation),
    (
      "a close frame with a reason of no text", client.frame(.close, [0x03, 0xE8, 0xFF]), 1007,
      .invalidPayload
    ),
    (
      "a message beyond the limit", client.frame(.binary, [UInt8](repeating: 0, count: 1001)), 1009,
      .messageTooLarge
    ),
    ("a frame beyond the limit", [0x82, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], 1009, .messageTooLarge),
    (
      "fragments beyond the limit", fragments, 1009, .messageTooLarge
    ),
  ]

  @Test(arguments: cases.indices)
  func `is told by the right code`(index: Int) async throws {
    let (name, bytes, code, kind) = Self.cases[index]
    let (answer, error) = try await outcome(of: bytes)
    #expect(answer.contains { $0.hasPrefix("close \(code)") }, "\(name): \(answer)")
    #expect(error?.code == kind, "\(name): \(String(describing: error))")
    #expect(error?.closure?.code.rawValue == code, "\(name)")
    #expect(error?.closure?.initiator == .local)
  }

  @Test func `a bomb is stopped at the limit`() async throws {
    let deflater = try #require(WebSocketDeflater(level: 9, windowBits: 15, keepsContext: true))
    var payload: [UInt8] = []
    deflater.compress([UInt8](repeating: 0, count: 100_000_000)[...], isLast: true, to: &payload)
    let (answer, error) = try await outcome(
      of: Self.client.frame(.binary, payload, isCompressed: true), compresses: true)
    #expect(answer.contains { $0.hasPrefix("close 1009") }, "\(answer)")
    #expect(error?.code == .messageTooLarge)
  }

  @Test func `a server that masks is told so`() async throws {
    try await WebSocketPeer.run(as: .server) { socket in
      for try await _ in socket {}
    } peer: { peer, running in
      try await peer.stream.write([0x81, 0x81, 0, 0, 0, 0, 0x61])
      let answer = try await peer.read()
      #expect(answer.hasPrefix("close 1002"))
      peer.stream.close()
      await #expect(throws: WebSocketError.self) { try await running.value }
    }
  }

  @Test func `endless pings take no memory while the peer does not read`() async throws {
    try await WebSocketPeer.run(capacity: 1000) { socket in
      for try await _ in socket {}
    } peer: { peer, running in
      for number in 0..<10_000 { try await peer.send(.ping, Array("\(number)".utf8)) }
      await settle()
      try await peer.send(.close, [0x03, 0xE8])
      // What fits into the stream, what is being written, and the last one.
      let frames = try await peer.readToEnd()
      #expect(frames.count < 250)
      #expect(frames.suffix(2) == ["pong 9999", "close 1000"])
      try await running.value
    }
  }

  @Test func `a peer that goes without a farewell is an error that says so`() async throws {
    try await WebSocketPeer.run { socket in
      for try await _ in socket {}
    } peer: { peer, running in
      try await peer.send(.text, Array("half".utf8), isFinal: false)
      peer.stream.close()
      do {
        try await running.value
        Issue.record("ended in order")
      } catch let error as WebSocketError {
        #expect(error.code == .connectionLost)
        #expect(error.closure?.code == .abnormal)
      }
    }
  }
}
