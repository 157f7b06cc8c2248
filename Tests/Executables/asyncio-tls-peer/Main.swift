import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import Glibc

/// One side of a TLS connection, for checks against implementations of others.
///
///     asyncio-tls-peer serve CERTIFICATE KEY [AUTHORITY-OF-CLIENTS]     echoes, and prints its port first
///     asyncio-tls-peer echo PORT NAME AUTHORITY COUNT [CERTIFICATE KEY] sends bytes, and wants them back
///     asyncio-tls-peer ask PORT NAME AUTHORITY TEXT                     sends a line, and prints the answer to the end
@main struct Main {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      try EventLoop.run { try await run(arguments) }
    } catch {
      print("failed: \(error)")
      exit(1)
    }
  }

  private static func run(_ arguments: [String]) async throws {
    switch (arguments.first, arguments.count) {
    case ("serve", 3...): try await serve(arguments[1], arguments[2], arguments.dropFirst(3).first)
    case ("echo", 5...): try await echo(arguments)
    case ("ask", 5): try await ask(arguments)
    default:
      print("failed: not a command: \(arguments)")
      exit(2)
    }
  }

  private static func serve(_ certificate: String, _ key: String, _ authority: String?) async throws {
    let context = try TLSContext.server(certificateFile: certificate, keyFile: key) { configuration in
      configuration.applicationProtocols = ["echo"]
      guard let authority else { return }
      configuration.certificateVerification = .noHostnameVerification
      configuration.trustRoots = .file(authority)
    }
    let listener = try TCPListener(port: 0)
    say("\(listener.localAddress.port)")
    try await listener.serve(tls: context, onHandshakeFailure: { error, _ in say("refused: \(error)") }) {
      stream in
      while case let bytes = try await stream.read(atMost: 65_536), !bytes.isEmpty {
        try await stream.write(bytes)
      }
      say("ended")
    }
  }

  private static func connect(_ arguments: [String]) async throws -> TLSStream<TCPStream> {
    let context = try TLSContext.client { configuration in
      configuration.trustRoots = .file(arguments[3])
      configuration.applicationProtocols = ["echo"]
      guard arguments.count >= 7 else { return }
      configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(arguments[5]).map {
        .certificate($0)
      }
      configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: arguments[6], format: .pem))
    }
    return try await TLSStream.connect(
      host: "127.0.0.1", port: Int(arguments[1]) ?? 0, serverName: arguments[2], context: context)
  }

  private static func echo(_ arguments: [String]) async throws {
    let stream = try await connect(arguments)
    let bytes = (0..<(Int(arguments[4]) ?? 0)).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) }
    // Not ended before all is back: many peers, Python's among them, end both sides then.
    async let writing: Void = stream.write(bytes)
    var received: [UInt8] = []
    while received.count < bytes.count, try await stream.read(appendingTo: &received, atMost: 65_536) > 0 {}
    try await writing
    guard received == bytes else {
      throw TLSError(.truncated, "\(received.count) of \(bytes.count) bytes came back")
    }
    say("\(received.count) \(stream.version.map { "\($0)" } ?? "") \(stream.negotiatedProtocol ?? "-")")
    await stream.close()
  }

  private static func ask(_ arguments: [String]) async throws {
    let stream = try await connect(arguments)
    try await stream.write("\(arguments[4])\n")
    var answer: [UInt8] = []
    while !answer.contains(10), try await stream.read(appendingTo: &answer, atMost: 65_536) > 0 {}
    say("answer: \(String(decoding: answer, as: UTF8.self))")
    await stream.close()
  }

  private static func say(_ text: String) {
    let line = "\(text)\n"
    unsafe write(STDOUT_FILENO, line, line.utf8.count)
  }
}
