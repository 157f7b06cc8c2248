import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import Testing

@testable import AsyncIOHTTP

/// Two senders and a closer on each side, on all threads that there are.
struct WebSocketStressTests {
  @concurrent private static func run(
    _ role: WebSocketConnection.Role, _ stream: MemoryStream, _ round: Int, compresses: Bool
  ) async {
    var configuration = WebSocketConfiguration()
    configuration.closeTimeout = .seconds(5)
    var agreement = WebSocketAgreement()
    if compresses { agreement.compression = WebSocketCompressionAgreement() }
    try? await WebSocket.run(over: stream, role, configuration, agreement) { socket in
      await withTaskGroup(of: Void.self) { group in
        for sender in 0..<2 {
          group.addTask {
            for number in 0..<200 {
              // Each sender's own numbers come in their order.
              let text = "\(sender) \(number) " + String(repeating: "x", count: number * number % 3000)
              if (try? await socket.send(text)) == nil { return }
              if number % 50 == 7 { _ = try? await socket.ping() }
            }
          }
        }
        group.addTask {
          for _ in 0..<round * 20 { await Task.yield() }
          await socket.close(code: WebSocketCloseCode(rawValue: 4000 + UInt16(round)))
        }
        group.addTask {
          var counts = [0, 0]
          do {
            for try await message in socket {
              let parts = (message.text ?? "").split(separator: " ", omittingEmptySubsequences: false)
              guard parts.count == 3, let sender = Int(parts[0]), let number = Int(parts[1]) else {
                Issue.record("a mixed message")
                return
              }
              #expect(counts[sender] == number)
              counts[sender] = number + 1
              #expect(parts[2].utf8.count == number * number % 3000)
            }
          } catch {
            #expect((error as? WebSocketError)?.code == .closed, "\(error)")
          }
        }
      }
    }
    #expect(stream.isClosed)
  }

  @Test(.timeLimit(.minutes(1)))
  func `two senders and a closer on each side, on many threads`() async {
    for round in 0..<20 {
      let (one, other) = MemoryStream.pair(capacity: 1000)
      async let client: Void = Self.run(.client, one, round, compresses: round % 2 == 0)
      async let server: Void = Self.run(.server, other, round + 3, compresses: round % 2 == 0)
      _ = await (client, server)
    }
  }
}
