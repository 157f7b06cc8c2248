import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import AsyncIOTesting
import HTTPTypes
import NIOCore
import Testing

@testable import AsyncIOHTTP

/// What a stream keeps of its peer's message, and what becomes of one that cannot be sent.
@Suite(.virtualTime) struct HTTP2StreamTests {
  @Test func `what was read is not kept, however fast the rest comes`() async throws {
    let (end, _) = MemoryStream.pair()
    var settings = HTTP2Settings()
    settings.streamWindow = 1 << 30
    let connection = try HTTP2Connection(over: end, as: .server, settings)
    let stream = connection.makeStream()
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
    var received: [UInt8] = []
    var isFirst = true
    for start in stride(from: 0, to: bytes.count, by: 10_000) {
      let frame = ByteBuffer(bytes: bytes[start..<start + 10_000])
      connection.pipeline.turn { _ in
        stream.receive(frame, padding: 0, isLast: start + 10_000 == bytes.count)
      }
      // So there is always something left.
      if isFirst {
        isFirst = false
      } else {
        _ = try await stream.read(appendingTo: &received, atMost: 10_000)
      }
      #expect(stream.body.count <= 30_000)
    }
    while try await stream.read(appendingTo: &received, atMost: 3000) > 0 {}
    #expect(received == bytes)
    connection.cut()
  }

  @Test func `an answer that breaks the rules resets its stream, and no other`() async throws {
    let listener = try TCPListener(port: 0)
    let serving = createTask {
      try await listener.serve { socket in
        guard let connection = try? HTTP2Connection(over: socket, as: .server, HTTP2Settings()) else {
          return
        }
        var lengths = [7, 1]
        await connection.run { events in
          for stream in events.opened {
            let fields = try? HTTP2Heads.fields(
              of: .ok, [:], answering: .get, framing: .contentLength(lengths.removeFirst()))
            if let fields { _ = stream.respond(fields, [1]) }
          }
        }
      }
    }
    defer { serving.cancel() }
    let peer = try await WirePeer.connect(port: listener.localAddress.port)
    try await peer.send(.request(on: 1), .request(on: 3))
    #expect(
      try await peer.next(.reset, on: 1)?.word(at: 0) == Int(HTTP2Error.Code.internalError.number))
    #expect(try await peer.next(.data, on: 3)?.payload == [1])
    peer.stream.close()
    await settle()
  }
}
