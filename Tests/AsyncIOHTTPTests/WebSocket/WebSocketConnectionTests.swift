import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIOHTTP

/// One side of a WebSocket, with the other one in the hands of the test.
@Suite(.virtualTime) struct WebSocketConnectionTests {
  // MARK: Pings

  @Test func `pings are answered while nobody receives, and in the middle of a message`() async throws {
    let mayGoOn = AsyncEvent()
    try await WebSocketPeer.run { socket in
      try await socket.send(streaming: .text) { message in
        try await message.write("first ")
        try await mayGoOn.wait()
        try await message.write("second")
      }
    } peer: { peer, running in
      let first = try await peer.read()
      #expect(first == "text first …")
      try await peer.send(.text, Array("half".utf8), isFinal: false)
      try await peer.send(.ping, Array("one".utf8))
      let pong = try await peer.read()
      #expect(pong == "pong one")
      mayGoOn.set()
      let rest = [try await peer.read(), try await peer.read(), try await peer.read()]
      #expect(rest == ["continuation second…", "continuation ", "close 1000"])
      try await peer.send(.continuation, [])
      try await peer.send(.close, [0x03, 0xE8])
      try await running.value
    }
  }

  @Test func `a ping tells how long its answer takes, and an older one is answered by it`() async throws {
    try await WebSocketPeer.run { socket in
      try await gather(Array(0..<2)) { number in
        try await sleep(for: .seconds(number))
        return try await socket.ping()
      }
    } peer: { peer, running in
      let first = try await peer.stream.read(atMost: 10)
      let second = try await peer.stream.read(atMost: 10)
      #expect(first.count == 10 && second.count == 10)
      try await sleep(for: .seconds(3))
      try await peer.send(.pong, Array(second.dropFirst(2)))
      try await peer.send(.close, [])
      let durations = try await running.value
      #expect(durations == [.seconds(4), .seconds(3)])
    }
  }

  @Test func `pings that a slow peer has not been sent yet are one`() async throws {
    try await WebSocketPeer.run(capacity: 10) { socket in
      try await gather(Array(0..<1000)) { _ in try await socket.ping() }.count
    } peer: { peer, running in
      await settle()
      var pings: [[UInt8]] = []
      repeat {
        pings.append(Array(try await peer.stream.read(atMost: 10).dropFirst(2)))
      } while pings.last?.suffix(2) != [3, 232]
      #expect(pings.count <= 3)
      try await peer.send(.pong, pings.last ?? [])
      try await peer.send(.close, [])
      let count = try await running.value
      #expect(count == 1000)
    }
  }

  @Test func `a ping whose answer stands behind more than is read ahead is given up, and nothing else`()
    async throws
  {
    var configuration = WebSocketConfiguration()
    configuration.readAhead = 1
    let start = LoopClock.now
    try await WebSocketPeer.run(configuration) { socket in
      var messages: [String?] = [try await socket.receive().text]
      let error = await #expect(throws: WebSocketError.self) { try await socket.ping() }
      #expect(error?.code == .pingTimeout)
      #expect(start.duration(to: .now) == .seconds(20))
      #expect(socket.closure == nil)
      for try await message in socket { messages.append(message.text) }
      #expect(messages == ["a", "b", "c"])
    } peer: { peer, running in
      for text in ["a", "b", "c"] { try await peer.send(.text, Array(text.utf8)) }
      let ping = try await peer.stream.read(atMost: 10)
      try await peer.send(.pong, Array(ping.dropFirst(2)))
      try await peer.send(.close, [])
      try await running.value
    }
  }

  @Test func `a silent peer is asked, and given up if it does not answer`() async throws {
    let start = LoopClock.now
    try await WebSocketPeer.run { socket in
      for try await _ in socket {}
    } peer: { peer, running in
      for second in [20, 40] {
        let ping = try await peer.read()
        #expect(ping == "ping ")
        #expect(start.duration(to: .now) == .seconds(second))
        try await peer.send(.pong)
      }
      // Any message is a sign of life.
      try await sleep(for: .seconds(10))
      try await peer.send(.text)
      let ping = try await peer.read()
      #expect(ping == "ping ")
      #expect(start.duration(to: .now) == .seconds(70))
      do {
        try await running.value
        Issue.record("still there")
      } catch let error as WebSocketError {
        #expect(error.code == .pingTimeout)
        #expect(start.duration(to: .now) == .seconds(92))
      }
    }
  }

  @Test func `a slow peer that only reads is not taken for dead`() async throws {
    try await WebSocketPeer.run(capacity: 1000) { socket in
      try await socket.send([UInt8](repeating: 0, count: 100_000))
    } peer: { peer, running in
      var bytes: [UInt8] = []
      while bytes.count < 100_000 {
        try await sleep(for: .seconds(1))
        _ = try await peer.stream.read(appendingTo: &bytes, atMost: 1000)
      }
      while peer.frames(bytes).last != "close 1000" {
        _ = try await peer.stream.read(appendingTo: &bytes, atMost: 1000)
      }
      #expect(peer.frames(bytes) == ["binary 100000", "ping ", "close 1000"])
      try await peer.send(.close, [0x03, 0xE8])
      try await running.value
    }
  }

  // MARK: Closing

  @Test func `a peer that is slow to say farewell is not asked whether it is alive`() async throws {
    var configuration = WebSocketConfiguration()
    configuration.closeTimeout = .seconds(100)
    try await WebSocketPeer.run(configuration) { socket in
      await socket.close()
      return socket.closure
    } peer: { peer, running in
      try await sleep(for: .seconds(90))
      try await peer.send(.close, [0x03, 0xE8])
      let closure = try await running.value
      #expect(closure == WebSocketClosure(code: .normal, reason: "", initiator: .local))
    }
  }

  @Test func `closing takes no longer than it may, however the peer spends the time`() async throws {
    let start = LoopClock.now
    try await WebSocketPeer.run(as: .server) { socket in
      await socket.close()
      return socket.closure
    } peer: { peer, running in
      try await sleep(for: .seconds(8))
      try await peer.send(.close, [0x03, 0xE8])
      // It is the server's part to end the connection, and it does not.
      let closure = try await running.value
      #expect(closure?.code == .normal)
      #expect(start.duration(to: .now) == .seconds(10))
    }
  }

  @Test func `nothing follows the farewell of a close that was cancelled while it stood in line`()
    async throws
  {
    try await WebSocketPeer.run(capacity: 1000) { socket in
      let long = createTask(eagerStart: true) {
        try await socket.send([UInt8](repeating: 1, count: 3 * WebSocketOutput.frameSize))
      }
      let waiting = createTask(eagerStart: true) { try await socket.send("waits for its turn") }
      let closing = createTask(eagerStart: true) { await socket.close() }
      await settle()
      closing.cancel()
      for sending in [long, waiting] {
        let error = await #expect(throws: WebSocketError.self) { try await sending.value }
        #expect(error?.code == .closed)
      }
      try await closing.value
    } peer: { peer, running in
      try await sleep(for: .seconds(1))
      let frames = try await peer.readToEnd()
      // The peer does not say farewell.
      #expect(frames == ["binary \(WebSocketOutput.frameSize)…", "close 1000", "reset"])
      try await running.value
    }
  }

  @Test func `closing waits for the peer, and not for ever`() async throws {
    for answers in [true, false] {
      let start = LoopClock.now
      try await WebSocketPeer.run { socket in
        await socket.close(code: .goingAway, reason: "enough")
        return (socket.closure, LoopClock.now)
      } peer: { peer, running in
        let close = try await peer.read()
        #expect(close == "close 1001 enough")
        try await peer.send(.binary, [UInt8](repeating: 0, count: 500_000))
        try await sleep(for: .seconds(3))
        if answers { try await peer.send(.close, [0x03, 0xE9]) }
        let (closure, end) = try await running.value
        #expect(closure?.code == (answers ? .goingAway : .abnormal))
        #expect(closure?.initiator == .local)
        #expect(start.duration(to: end) == .seconds(answers ? 3 : 10))
      }
    }
  }

  @Test func `a client waits for the server to end the connection`() async throws {
    let start = LoopClock.now
    try await WebSocketPeer.run(as: .server) { socket in
      for try await _ in socket {}
      return socket.closure
    } peer: { peer, running in
      try await peer.send(.close, [0x03, 0xE8] + Array("bye".utf8))
      let answer = try await peer.read()
      #expect(answer == "close 1000")
      try await sleep(for: .seconds(2))
      peer.stream.close()
      let closure = try await running.value
      #expect(closure == WebSocketClosure(code: .normal, reason: "bye", initiator: .remote))
      #expect(start.duration(to: .now) == .seconds(2))
    }
  }

  @Test func `messages that stand in line are sent before the farewell, later ones are refused`() async throws
  {
    try await WebSocketPeer.run(capacity: 50) { socket in
      try await withTaskScope { scope in
        for number in 0..<4 {
          scope.createTask(eagerStart: true) {
            try await socket.send("message \(number), which does not fit at once")
          }
        }
        scope.createTask(eagerStart: true) { await socket.close() }
        await #expect(throws: WebSocketError.self) { try await socket.send("late") }
      }
    } peer: { peer, running in
      var found: [String] = []
      repeat { found.append(try await peer.read()) } while found.last?.hasPrefix("close") != true
      #expect(found == (0..<4).map { "text message \($0), which does not fit at once" } + ["close 1000"])
      try await peer.send(.close, [0x03, 0xE8])
      try await running.value
    }
  }

  @Test func `a body that throws closes with 1011, a cancelled one with 1001`() async throws {
    struct Failure: Error {}
    try await WebSocketPeer.run { _ in
      throw Failure()
    } peer: { peer, running in
      let close = try await peer.read()
      #expect(close == "close 1011")
      try await peer.send(.close, [0x03, 0xF3])
      await #expect(throws: Failure.self) { try await running.value }
    }
    let start = LoopClock.now
    try await WebSocketPeer.run { socket in
      for try await _ in socket {}
    } peer: { peer, running in
      await settle()
      running.cancel()
      await #expect(throws: CancellationError.self) { try await running.value }
      #expect(start.duration(to: .now) == .zero, "nobody is waited for")
      let frames = try await peer.readToEnd()
      #expect(frames == ["close 1001"])
    }
  }

  // MARK: Sending

  @Test func `a send that is cancelled half-way is completed, and the next one follows`() async throws {
    try await WebSocketPeer.run(capacity: 100) { socket in
      let sending = createTask(eagerStart: true) { try await socket.send([UInt8](repeating: 1, count: 5000)) }
      let waiting = createTask(eagerStart: true) { try await socket.send("waits for its turn") }
      await settle()
      waiting.cancel()
      sending.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
      await #expect(throws: CancellationError.self) { try await sending.value }
      try await socket.send("next")
    } peer: { peer, running in
      try await sleep(for: .seconds(1))
      let frames = [try await peer.read(), try await peer.read(), try await peer.read()]
      #expect(frames == ["binary 5000", "text next", "close 1000"])
      try await peer.send(.close, [0x03, 0xE8])
      try await running.value
    }
  }

  @Test func `a compressed message that is cancelled half-way is completed, and the next one builds upon it`()
    async throws
  {
    try await WebSocketPeer.pair(capacity: 1000, compresses: true) { socket in
      var state: UInt32 = 1
      let noise = (0..<500_000).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return UInt8(truncatingIfNeeded: state >> 24)
      }
      let sending = createTask(eagerStart: true) { try await socket.send(noise) }
      await settle()
      sending.cancel()
      await #expect(throws: CancellationError.self) { try await sending.value }
      try await socket.send(Array(noise.suffix(1000)))
    } server: { socket in
      try await sleep(for: .seconds(1))
      var sizes: [Int] = []
      for try await message in socket { sizes.append(message.size) }
      #expect(sizes == [500_000, 1000])
    }
  }

  @Test func `a cancelled message of many frames is completed`() async throws {
    try await WebSocketPeer.pair(capacity: 1000) { socket in
      let sending = createTask(eagerStart: true) {
        try await socket.send([UInt8](repeating: 1, count: 3 * WebSocketOutput.frameSize + 5))
      }
      await settle()
      sending.cancel()
      await #expect(throws: CancellationError.self) { try await sending.value }
      try await socket.send("next")
    } server: { socket in
      try await sleep(for: .seconds(1))
      var sizes: [Int] = []
      for try await message in socket { sizes.append(message.size) }
      #expect(sizes == [3 * WebSocketOutput.frameSize + 5, 4])
    }
  }

  @Test func `a message whose pieces are not all written closes the connection`() async throws {
    struct Failure: Error {}
    try await WebSocketPeer.run { socket in
      try await socket.send(streaming: .binary) { message in
        try await message.write([1, 2, 3])
        throw Failure()
      }
    } peer: { peer, running in
      let frames = [try await peer.read(), try await peer.read()]
      #expect(frames == ["binary 3…", "close 1011 incomplete message"])
      peer.stream.close()
      await #expect(throws: Failure.self) { try await running.value }
    }
  }

  @Test func `a sender learns why the peer has gone`() async throws {
    try await WebSocketPeer.run(capacity: 100) { socket in
      try await socket.send([UInt8](repeating: 0, count: 10_000))
    } peer: { peer, running in
      try await peer.send(.close, [0x03, 0xF1] + Array("too big".utf8))
      peer.stream.close()
      do {
        try await running.value
        Issue.record("sent")
      } catch let error as WebSocketError {
        #expect(error.code == .closed)
        #expect(
          error.closure == WebSocketClosure(code: .messageTooBig, reason: "too big", initiator: .remote))
      }
    }
  }

  @Test func `those who stand in line learn it too, unless they were cancelled`() async throws {
    var configuration = WebSocketConfiguration()
    configuration.readAhead = 1
    try await WebSocketPeer.run(configuration, capacity: 100) { socket in
      // Something waits to be received, so that the reader has not seen the farewell when sending fails.
      try await sleep(for: .seconds(1))
      let senders = (0..<3).map { _ in
        createTask(eagerStart: true) { try await socket.send([UInt8](repeating: 0, count: 10_000)) }
      }
      await settle()
      senders[2].cancel()
      await #expect(throws: CancellationError.self) { try await senders[2].value }
      for sender in senders.prefix(2) {
        let error = await #expect(throws: WebSocketError.self) { try await sender.value }
        #expect(error?.closure?.code == .messageTooBig)
      }
    } peer: { peer, running in
      try await peer.stream.write(peer.frame(.text, [0x61]) + peer.frame(.close, [0x03, 0xF1]))
      peer.stream.close()
      try await running.value
    }
  }

  // MARK: Receiving

  @Test func `without reading ahead messages are received all the same`() async throws {
    var configuration = WebSocketConfiguration()
    configuration.readAhead = 0
    try await WebSocketPeer.run(configuration) { socket in
      var count = 0
      for try await _ in socket { count += 1 }
      return count
    } peer: { peer, running in
      for _ in 0..<10 { try await peer.send(.text, [0x61]) }
      try await peer.send(.binary, [UInt8](repeating: 0, count: 300_000))
      try await peer.send(.close, [])
      let count = try await running.value
      #expect(count == 11)
    }
  }

  @Test func `the rest of a message is passed over, although as a whole it would be too large`() async throws
  {
    var configuration = WebSocketConfiguration()
    configuration.maximumMessageSize = 1000
    try await WebSocketPeer.pair(configuration) { socket in
      try await socket.send([UInt8](repeating: 0, count: 300_000))
      try await socket.send("small")
    } server: { socket in
      try await socket.receive { message in for try await _ in message { break } }
      let next = try await socket.receive()
      #expect(next == .text("small"))
    }
  }

  @Test func `the iterators of a message that comes in pieces share it`() async throws {
    try await WebSocketPeer.pair { socket in
      try await socket.send([UInt8](repeating: 0, count: 300_000))
      try await socket.send("whole")
      try await socket.send("next")
    } server: { socket in
      for size in [300_000, 5] {
        let (count, rest) =
          try await socket.receive { message in
            var count = 0
            for try await piece in message {
              count += piece.count
              break
            }
            for try await piece in message { count += piece.count }
            var iterator = message.makeAsyncIterator()
            return (count, try await iterator.next())
          } ?? (0, nil)
        #expect(count == size)
        #expect(rest == nil)
      }
      let next = try await socket.receive()
      #expect(next == .text("next"))
    }
  }

  @Test func `a message that is kept beyond its closure is not read from the next one`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await WebSocketPeer.pair { socket in
        for _ in 0..<2 { try await socket.send([UInt8](repeating: 0, count: 300_000)) }
      } server: { socket in
        var iterator = try await socket.receive { $0.makeAsyncIterator() }
        _ = try await iterator?.next()
      }
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("received within the closure"))
  }

  @Test func `a receive that is cancelled loses nothing`() async throws {
    try await WebSocketPeer.run { socket in
      for number in 0..<3 {
        let early = createTask(eagerStart: true) { try await socket.receive() }
        await settle()
        early.cancel()
        await #expect(throws: CancellationError.self) { try await early.value }
        try await sleep(for: .seconds(1))
        let message = try await socket.receive()
        #expect(message.size == (number == 1 ? 200_000 : 1))
      }
    } peer: { peer, running in
      try await sleep(for: .milliseconds(500))
      try await peer.send(.text, Array("a".utf8))
      try await sleep(for: .seconds(1))
      let large = [UInt8](repeating: 0x61, count: 200_000)
      try await peer.stream.write(peer.frame(.text, large)[..<150_000])
      try await sleep(for: .milliseconds(700))
      try await peer.stream.write(peer.frame(.text, large)[150_000...])
      try await sleep(for: .milliseconds(500))
      try await peer.send(.text, Array("c".utf8))
      try await peer.send(.close, [])
      try await running.value
    }
  }

  @Test func `a peer that nobody receives from has to wait, and is not blamed for its silence`() async throws
  {
    let mayReceive = AsyncEvent()
    try await WebSocketPeer.run { socket in
      try await mayReceive.wait()
      var count = 0
      for try await _ in socket { count += 1 }
      return count
    } peer: { peer, running in
      let sent = Mutex(0)
      let sending = createTask {
        for _ in 0..<300 {
          try await peer.send(.binary, [UInt8](repeating: 0, count: 1000))
          sent.withLock { $0 += 1 }
        }
        try await peer.send(.close, [0x03, 0xE8])
      }
      await settle()
      // What is read ahead, what the stream holds, and little more.
      #expect((100...180).contains(sent.withLock { $0 }))
      try await sleep(for: .seconds(300))
      mayReceive.set()
      try await sending.value
      let count = try await running.value
      #expect(count == 300)
      let frames = try await peer.readToEnd()
      #expect(frames == ["close 1000"])
    }
  }

  @Test func `a message beyond memory is received piece by piece, and the rest is passed over`() async throws
  {
    try await WebSocketPeer.pair { socket in
      for _ in 0..<2 {
        try await socket.send(streaming: .binary) { message in
          for number in 0..<100 { try await message.write([UInt8](repeating: UInt8(number), count: 100_000)) }
        }
      }
      try await socket.send("small")
      try await socket.send("")
    } server: { socket in
      var (count, largest) = (0, 0)
      let kind = try await socket.receive { message in
        for try await piece in message {
          count += piece.count
          largest = max(largest, piece.count)
        }
        return message.kind
      }
      #expect(kind == .binary)
      #expect(count == 10_000_000)
      #expect(largest <= WebSocketParser.pieceSize)
      // Left in the middle.
      try await socket.receive { message in for try await _ in message { break } }
      let small = try await socket.receive { message in
        var bytes: [UInt8] = []
        for try await piece in message { bytes += piece }
        return bytes
      }
      #expect(small == Array("small".utf8))
      let empty = try await socket.receive()
      #expect(empty == .text(""))
      let end = try await socket.receive { _ in true }
      #expect(end == nil)
    }
  }

  // MARK: Both

  @Test func `cancelled at any moment, both sides come to their end`() async throws {
    for steps in 0..<60 {
      let (one, other) = MemoryStream.pair(capacity: 64)
      let client = createTask(eagerStart: true) {
        try await WebSocket.run(over: one, .client, WebSocketConfiguration(), WebSocketAgreement()) {
          socket in
          try await withTaskScope { scope in
            for _ in 0..<2 {
              scope.createTask { for _ in 0..<5 { try await socket.send("some words of a client") } }
            }
            scope.createTask { try await socket.ping() }
            for _ in 0..<10 { _ = try await socket.receive() }
          }
        }
      }
      let server = createTask(eagerStart: true) {
        try await WebSocket.run(over: other, .server, WebSocketConfiguration(), WebSocketAgreement()) {
          socket in
          for try await message in socket { try await socket.send(message) }
        }
      }
      for _ in 0..<steps { await Task.yield() }
      if steps % 2 == 0 { client.cancel() } else { server.cancel() }
      _ = try? await client.value
      _ = try? await server.value
      #expect(one.isClosed && other.isClosed)
    }
  }
}
