import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Testing

/// Servers that mean no good: each gets a clear error, in bounded memory, and nobody else notices.
@Suite(.virtualTime) struct HostileServerTests {
  enum Malice: String, CaseIterable, Sendable {
    case endlessHead, endlessLine, endlessInterim, endlessBody, endlessChunk, endlessExtensions,
      endlessTrailers
    case lyingLength, cutHead, cutBody, cutChunk, garbage, silence, trickle, twoLengths, bothFramings,
      negativeLength
    case hugeLength, folding, bareLineFeed, zeroByte, unaskedBytes, http2
  }

  private static func attack(_ malice: Malice, _ connection: ScriptedPeer.Connection) async throws {
    guard try await connection.readHead() != nil else { return }
    func forever(_ first: String, _ text: String) async throws {
      try await connection.send(first)
      let block = Array(String(repeating: text, count: 1 + 16_384 / text.utf8.count).utf8)
      while true { try await connection.stream.write(block) }
    }
    let ok = "HTTP/1.1 200 OK\r\n"
    switch malice {
    case .endlessHead: try await forever(ok, "X: y\r\n")
    case .endlessLine: try await forever(ok + "X: ", "y")
    case .endlessInterim: try await forever("", "HTTP/1.1 103 Early Hints\r\n\r\n")
    case .endlessBody: try await forever(ok + "\r\n", "body")
    case .endlessChunk: try await forever(ok + "Transfer-Encoding: chunked\r\n\r\n", "4\r\nbody\r\n")
    case .endlessExtensions: try await forever(ok + "Transfer-Encoding: chunked\r\n\r\n", "1;x=y\r\na\r\n")
    case .endlessTrailers: try await forever(ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n")
    case .lyingLength: try await connection.send(ok + "Content-Length: 1000000\r\n\r\nabc")
    case .cutHead: try await connection.send(ok + "Content-Le")
    case .cutBody: try await connection.send(ok + "Content-Length: 10\r\n\r\nabc")
    case .cutChunk: try await connection.send(ok + "Transfer-Encoding: chunked\r\n\r\nFF\r\nabc")
    case .garbage: try await connection.send("\u{1}\u{2}\u{3} nonsense\r\n\r\n")
    case .silence: try await connection.waitForEnd()
    case .trickle:
      for byte in ok.utf8 {
        try await connection.stream.write([byte])
        try await sleep(for: .seconds(3))
      }
    case .twoLengths: try await connection.send(ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab")
    case .bothFramings:
      try await connection.send(ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    case .negativeLength: try await connection.send(ok + "Content-Length: -1\r\n\r\n")
    case .hugeLength: try await connection.send(ok + "Content-Length: 99999999999999999999\r\n\r\n")
    case .folding: try await connection.send(ok + "X: y\r\n z\r\nContent-Length: 0\r\n\r\n")
    case .bareLineFeed: try await connection.send("HTTP/1.1 200 OK\nContent-Length: 0\n\n")
    case .zeroByte: try await connection.send(ok + "X: a\u{0}b\r\nContent-Length: 0\r\n\r\n")
    case .unaskedBytes:
      try await connection.send(
        ok + "Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    case .http2: try await connection.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    }
  }

  /// What is to be said about each.
  private static func expected(_ malice: Malice) -> String {
    switch malice {
    case .endlessHead: "tooManyFields"
    case .endlessLine: "fieldLineTooLong"
    case .endlessInterim: "tooManyInterimResponses"
    case .endlessBody, .endlessChunk: "bodyTooLarge"
    case .endlessExtensions: "chunkExtensionsTooLong"
    case .endlessTrailers: "tooManyFields"
    case .lyingLength, .cutBody, .cutChunk: "truncatedBody"
    case .cutHead: "truncatedHead"
    case .garbage, .http2: "refused"
    case .silence, .trickle: "timeout"
    case .twoLengths: "conflictingContentLength"
    case .bothFramings: "conflictingFraming"
    case .negativeLength: "invalidContentLength"
    case .hugeLength: "lengthOverflow"
    case .folding: "obsoleteLineFolding"
    case .bareLineFeed: "bareLineFeed"
    case .zeroByte: "invalidFieldValue"
    case .unaskedBytes: "ok"
    }
  }

  private static func outcome(_ body: () async throws -> String) async -> String {
    do { return try await body() } catch let error as HTTPError { return error.code.description } catch let
      error
      as HTTPCodecError
    { return error.code.description } catch is TimeoutError { return "timeout" } catch { return "\(error)" }
  }

  @Test(arguments: Malice.allCases, [false, true])
  func `a server that means no good gets a clear error`(_ malice: Malice, _ isStream: Bool) async throws {
    try await RunningServer.run(handler: { _ in HTTPServerResponse(text: "good") }) { good in
      try await ScriptedPeer.run {
        try await Self.attack(malice, $0)
      } _: { peer in
        var configuration = HTTPSession.Configuration()
        configuration.maximumBodySize = 1_000_000
        configuration.timeout = .seconds(20)
        try await withHTTPSession(configuration) { session async throws in
          let outcome = await Self.outcome {
            if !isStream { return try await session.get(peer.url).text }
            return try await session.stream(.get, peer.url) { response in
              String(decoding: try await response.body.collect(upTo: 1_000_000), as: UTF8.self)
            }
          }
          let known: Set<String> = ["timeout", "ok", "bodyTooLarge"]
          switch Self.expected(malice) {
          case "refused": #expect(!known.contains(outcome))
          case "bodyTooLarge" where isStream:
            #expect(outcome == "more than the 1000000 bytes came that are allowed here")
          case let expected: #expect(outcome == expected)
          }
          #expect(try await session.get(good.url).text == "good")
          await settle()
          let open = try openSockets(port: peer.port)
          // The server's end may wait for its next byte.
          #expect(open <= (malice == .trickle ? 1 : 0), "the connection is closed")
        }
      }
    }
  }

  @Test func `memory for a body is taken as it comes, not as it is announced`() async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n")
    } _: { peer in
      try await withHTTPSession { session async throws in
        let error = await #expect(throws: HTTPCodecError.self) { try await session.get(peer.url) }
        #expect(error?.code == .truncatedBody)
      }
    }
  }
}
