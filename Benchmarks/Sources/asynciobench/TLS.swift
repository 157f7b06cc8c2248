import AsyncIO
import AsyncIOTLS

/// What the workloads of TLS have in common: the certificates of the tests, a server that echoes, and its clients.
///
/// Both sides are in the program, so that no load generator with a TLS of its own sets the limit.
private struct TLSEcho {
  let server: TLSContext
  let client: TLSContext

  init() throws {
    let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    let folder = "/\(root)/Tests/AsyncIOTLSTests/Certificates"
    server = try TLSContext.server(
      certificateFile: "\(folder)/server.pem", keyFile: "\(folder)/server.key.pem")
    client = try TLSContext.client { $0.trustRoots = .file("\(folder)/authority.pem") }
  }

  /// Runs `body` while a server echoes.
  func serve(_ body: (@escaping @Sendable () async throws -> TLSStream<TCPStream>) async throws -> Void)
    async throws
  {
    let listener = try TCPListener(port: 0)
    let (server, client, port) = (server, client, listener.localAddress.port)
    let serving = Task {
      try await listener.serve(tls: server) { stream in
        var bytes: [UInt8] = []
        while try await stream.read(appendingTo: &bytes, atMost: 65_536) > 0 {
          try await stream.write(bytes[...])
          bytes.removeAll(keepingCapacity: true)
        }
      }
    }
    try await body { try await TLSStream.connect(host: "127.0.0.1", port: port, context: client) }
    serving.cancel()
    _ = await serving.result
  }
}

/// 16 connections, each in a closed loop of 16 KiB messages, 20,000 in all.
func echoOverTLS() async throws {
  let (connections, count) = (16, 1250)
  try await TLSEcho().serve { connect in
    let streams = try await gather(0..<connections) { _ in try await connect() }
    let start = ContinuousClock.now
    _ = try await gather(streams) { stream in
      let message = [UInt8](repeating: 7, count: 16_384)
      var answer: [UInt8] = []
      for _ in 0..<count {
        try await stream.write(message[...])
        answer.removeAll(keepingCapacity: true)
        while answer.count < message.count {
          let got = try await stream.read(appendingTo: &answer, atMost: message.count - answer.count)
          precondition(got > 0, "the server has ended the connection")
        }
        precondition(answer == message, "the message came back changed")
      }
    }
    report(.tls, count: connections * count, since: start, extra: resources())
    for stream in streams { await stream.close() }
  }
}

/// 2,000 connections, 16 at a time: a handshake, one message there and back, and the farewell.
func shakeHandsOverTLS() async throws {
  let count = 2000
  try await TLSEcho().serve { connect in
    let start = ContinuousClock.now
    _ = try await gather(0..<count, limit: 16) { _ in
      let stream = try await connect()
      try await stream.write("hello")
      let answer = try await stream.read(atMost: 100)
      precondition(answer.count == 5, "the message came back changed")
      await stream.close()
    }
    report(.tlshandshake, count: count, since: start, extra: resources())
  }
}
