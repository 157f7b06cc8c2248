import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
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

  @Test(.deadline(.seconds(20)), arguments: 1...24 as ClosedRange<UInt64>)
  func `all at once on one loop, in many orders`(_ seed: UInt64) async throws {
    try await onVirtualLoop(seed: seed) { try await WebSocketRage(seed, messages: 20).run() }
  }

  @Test(.deadline(.seconds(20)), arguments: 1...6 as ClosedRange<UInt64>)
  func `all at once on two loops`(_ seed: UInt64) async throws {
    try await onLoops(2) {
      for round in 0..<2 as Range<UInt64> {
        try await WebSocketRage(seed &* 100 &+ round, messages: 60).run()
      }
    }
  }

  @Test(.deadline(.seconds(20)), arguments: 1...3 as ClosedRange<UInt64>)
  func `all at once without a loop`(_ seed: UInt64) async throws {
    try await withoutLoop { try await WebSocketRage(seed, messages: 60).run() }
  }
}

/// On each side some send, one receives and one pings, each of them is cancelled now and then, and in the end somebody closes.
///
/// Whatever a sender was told that it is sent comes once, whole, and behind what the same sender has sent before. What it was
/// cancelled at comes so too, or not at all.
private struct WebSocketRage {
  /// How it ends.
  private enum Ending: CaseIterable {
    /// Both close when everything has come.
    case orderly
    /// The client closes while all are sending.
    case closed
    /// The client is cancelled while all are sending.
    case cancelled
  }

  private struct Message: Hashable, Sendable {
    var sender: Int
    /// Which of the sender's; as many as each sends for the last one, which is not cancelled.
    var number: Int

    var fillers: Int { number % 29 == 28 ? 150_000 : number * number * 7 % 3000 }

    func sent(as random: Int) -> WebSocketMessage {
      let text = "\(sender) \(number) " + String(repeating: "x", count: fillers)
      return random == 0 ? .binary(Array(text.utf8)) : .text(text)
    }

    init(_ sender: Int, _ number: Int) { (self.sender, self.number) = (sender, number) }

    /// Reads one; nil if it is not whole.
    init?(_ bytes: [UInt8]) {
      let parts = bytes.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      guard parts.count == 3, let sender = Int(String(decoding: parts[0], as: UTF8.self)),
        let number = Int(String(decoding: parts[1], as: UTF8.self))
      else { return nil }
      self.init(sender, number)
      guard parts[2].count == fillers, parts[2].allSatisfy({ $0 == UInt8(ascii: "x") }) else { return nil }
    }
  }

  /// One side, and what it was told.
  private final class Side: Sendable {
    let sent = Journal<Message>()
    let uncertain = Journal<Message>()
    let received = Journal<Message>()
    /// Whether the last message of each of the peer's senders has come.
    let hasAll = AsyncEvent()
  }

  private static let senders = 4
  private let seed: UInt64
  private let messages: Int
  private let ending: Ending
  private let client = Side()
  private let server = Side()

  init(_ seed: UInt64, messages: Int) {
    self.seed = seed
    self.messages = messages
    ending = Ending.allCases[Int(seed % 3)]
  }

  func run() async throws {
    let (one, other) = MemoryStream.pair(capacity: seed % 2 == 0 ? 300 : 20_000)
    let clientTask = Task { await run(.client, one, client) }
    let serverTask = Task { await run(.server, other, server) }
    if ending == .cancelled {
      for _ in 0..<100 + seed * 37 % 400 { await Task.yield() }
      clientTask.cancel()
    }
    await clientTask.value
    await serverTask.value
    #expect(one.isClosed && other.isClosed, "seed \(seed)")
    check(from: client, to: server, isWhole: ending != .cancelled)
    check(from: server, to: client, isWhole: ending == .orderly)
  }

  private func check(from source: Side, to target: Side, isWhole: Bool) {
    let (sent, received) = (source.sent.entries, target.received.entries)
    let foreign = Set(received).subtracting(sent + source.uncertain.entries)
    let lost = isWhole ? Set(sent).subtracting(received) : []
    #expect(Set(received).count == received.count, "seed \(seed): something has come twice")
    #expect(foreign.isEmpty, "seed \(seed): something has come from nowhere")
    #expect(lost.isEmpty, "seed \(seed): something is lost")
    for sender in 0..<Self.senders {
      let numbers = received.filter { $0.sender == sender }.map(\.number)
      #expect(numbers == numbers.sorted(), "seed \(seed): something has overtaken")
    }
  }

  // MARK: One side

  private func run(_ role: WebSocketConnection.Role, _ stream: MemoryStream, _ side: Side) async {
    var configuration = WebSocketConfiguration()
    configuration.readAhead = seed % 5 == 0 ? 0 : 5000
    configuration.closeTimeout = .seconds(5)
    var agreement = WebSocketAgreement()
    if seed % 4 < 2 { agreement.compression = WebSocketCompressionAgreement() }
    let numbers = SeededNumbers(seed: seed &* 2 &+ (role == .client ? 1 : 0))
    try? await WebSocket.run(over: stream, role, configuration, agreement) { socket in
      await withTaskGroup(of: Void.self) { group in
        var numbers = numbers
        for sender in 0..<Self.senders {
          let own = SeededNumbers(seed: numbers.next())
          group.addTask { await send(sender, over: socket, side, own) }
        }
        let (receiving, pinging, closing) = (numbers.next(), numbers.next(), numbers.next(below: 400))
        group.addTask { await receive(from: socket, side, SeededNumbers(seed: receiving)) }
        group.addTask { await ping(socket, SeededNumbers(seed: pinging)) }
        if ending == .closed, role == .client {
          for _ in 0..<100 + closing { await Task.yield() }
          await socket.close(code: .goingAway)
        } else if ending == .orderly {
          // Both: what one side closes with is not to be read any more.
          for side in [client, server] { try? await side.hasAll.wait() }
          await socket.close()
        }
      }
    }
  }

  private func send(_ sender: Int, over socket: WebSocket, _ side: Side, _ numbers: SeededNumbers) async {
    var numbers = numbers
    for number in 0...messages {
      let message = Message(sender, number)
      let content = message.sent(as: numbers.next(below: 3))
      do {
        switch number == messages ? 9 : numbers.next(below: 10) {
        case 0, 1:
          let limit = Duration.microseconds(numbers.next(below: 200))
          try await withTimeout(limit) { try await socket.send(content) }
        case 2:
          let task = Task { try await socket.send(content) }
          for _ in 0..<numbers.next(below: 4) { await Task.yield() }
          task.cancel()
          try await task.value
        case 3:
          try await socket.send(streaming: .binary) { [bytes = content.bytes] writer in
            let middle = bytes.count / 2
            try await writer.write(Array(bytes[..<middle]))
            await Task.yield()
            try await writer.write(Array(bytes[middle...]))
          }
        default: try await socket.send(content)
        }
        side.sent.note(message)
      } catch {
        side.uncertain.note(message)
        if error is WebSocketError || Task.isCancelled { return }
      }
      if numbers.next(below: 5) == 0 { await Task.yield() }
    }
  }

  private func receive(from socket: WebSocket, _ side: Side, _ numbers: SeededNumbers) async {
    defer { side.hasAll.set() }
    var numbers = numbers
    var last = 0
    while last < Self.senders || ending != .orderly {
      do {
        let bytes: [UInt8]?
        switch numbers.next(below: 4) {
        case 0:
          let limit = Duration.microseconds(numbers.next(below: 100))
          bytes = try await withTimeoutOrNil(limit) { try await socket.receive().bytes }
        case 1:
          bytes = try await socket.receive { message in
            var bytes: [UInt8] = []
            for try await piece in message { bytes += piece }
            return bytes
          }
          if bytes == nil { return }
        default: bytes = try await socket.receive().bytes
        }
        guard let bytes else { continue }
        guard let message = Message(bytes) else {
          Issue.record("seed \(seed): a message is not whole: \(bytes.prefix(20))")
          return
        }
        side.received.note(message)
        if message.number == messages { last += 1 }
      } catch {
        return
      }
    }
  }

  private func ping(_ socket: WebSocket, _ numbers: SeededNumbers) async {
    var numbers = numbers
    while socket.closure == nil, !Task.isCancelled {
      do {
        if numbers.next(below: 2) == 0 {
          _ = try await withTimeoutOrNil(.microseconds(numbers.next(below: 100))) { try await socket.ping() }
        } else {
          try await socket.ping()
        }
      } catch {
        return
      }
      await Task.yield()
    }
  }
}
