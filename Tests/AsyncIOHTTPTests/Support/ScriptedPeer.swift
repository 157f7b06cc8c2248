import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import Synchronization

/// A server that does to each connection what its script says, however wrong.
final class ScriptedPeer: Sendable {
  /// One connection of the peer.
  struct Connection {
    let stream: TCPStream
    /// How many connections were accepted before this one.
    let number: Int

    /// Reads a request head; nil if the client has ended.
    func readHead() async throws -> String? {
      var bytes: [UInt8] = []
      while !bytes.ends(with: "\r\n\r\n".utf8) {
        if try await stream.read(appendingTo: &bytes, atMost: 1) == 0 { return nil }
      }
      return String(decoding: bytes, as: UTF8.self)
    }

    /// Sends text as it is.
    func send(_ text: String) async throws { try await stream.write(Array(text.utf8)) }

    /// Waits for the end of the connection.
    func waitForEnd() async throws {
      while try await !stream.read(atMost: 4096).isEmpty {}
    }

    /// Answers every request with the same text.
    func answer(_ text: String) async throws {
      while try await readHead() != nil { try await send(text) }
    }
  }

  private let listener: TCPListener
  private let accepted = Mutex(0)
  private let script: @Sendable (Connection) async throws -> Void

  init(_ script: @escaping @Sendable (Connection) async throws -> Void) throws {
    listener = try TCPListener(port: 0)
    self.script = script
  }

  var port: Int { listener.localAddress.port }
  var url: String { "http://127.0.0.1:\(port)/" }
  /// How many connections have come.
  var connectionCount: Int { accepted.withLock { $0 } }

  func serve() async throws {
    try await listener.serve { [self] stream in
      let number = accepted.withLock { count in
        defer { count += 1 }
        return count
      }
      do {
        try await script(Connection(stream: stream, number: number))
      } catch is IOError {
        // The client has gone: that is what some tests are about.
      }
    }
  }

  /// Runs `body` beside a peer with this script.
  static func run<Result>(
    _ script: @escaping @Sendable (Connection) async throws -> Void,
    _ body: (ScriptedPeer) async throws -> Result
  ) async throws -> Result {
    let peer = try ScriptedPeer(script)
    let serving = createTask { try? await peer.serve() }
    defer { serving.cancel() }
    return try await body(peer)
  }
}

extension [UInt8] {
  func ends(with suffix: some Collection<UInt8>) -> Bool {
    count >= suffix.count && self[(count - suffix.count)...].elementsEqual(suffix)
  }
}
