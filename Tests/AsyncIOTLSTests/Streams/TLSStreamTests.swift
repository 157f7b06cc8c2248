import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct TLSStreamTests {
  @Test func `bytes go both ways`() async throws {
    let pair = try await TLSPair()
    try await pair.client.write("hello")
    #expect(try await pair.server.read(atMost: 3) == Array("hel".utf8))
    #expect(try await pair.server.read(atMost: 3) == Array("lo".utf8))
    try await pair.server.write(parts: [[1], [], [2, 3]])
    #expect(try await pair.client.read(atMost: 100) == [1, 2, 3])
  }

  @Test func `megabytes go both ways at once, each side reading while it writes`() async throws {
    let pair = try await TLSPair(capacity: 1000)
    let bytes = pattern(1 << 20)
    async let toServer: Void = { @Sendable in
      try await pair.client.write(bytes)
      try await pair.client.closeWriting()
    }()
    async let toClient: Void = { @Sendable in
      try await pair.server.write(bytes.reversed())
      try await pair.server.closeWriting()
    }()
    async let atServer = pair.server.readToEnd()
    #expect(try await pair.client.readToEnd() == bytes.reversed())
    #expect(try await atServer == bytes)
    try await toServer
    try await toClient
  }

  @Test func `one side ends and the other goes on`() async throws {
    let pair = try await TLSPair()
    try await pair.client.closeWriting()
    try await pair.client.closeWriting()
    #expect(try await pair.server.read(atMost: 10).isEmpty)
    #expect(try await pair.server.read(atMost: 10).isEmpty)
    let error = await #expect(throws: IOError.self) { try await pair.client.write("x") }
    #expect(error?.code == .closed)
    let bytes = pattern(200_000)
    async let writing: Void = { @Sendable in
      try await pair.server.write(bytes)
      await pair.server.close()
    }()
    #expect(try await pair.client.readToEnd() == bytes)
    try await writing
  }

  @Test func `a connection that is cut is truncated, not ended`() async throws {
    let pair = try await TLSPair()
    try await pair.server.write("all of")
    await settle()
    pair.server.base.close()
    #expect(try await pair.client.read(atMost: 100) == Array("all of".utf8))
    for _ in 0..<2 {
      let error = await #expect(throws: TLSError.self) { try await pair.client.read(atMost: 100) }
      #expect(error?.code == .truncated)
    }
  }

  @Test func `a connection that is reset fails with the system's error`() async throws {
    let pair = try await TLSPair()
    let reading = Task { try await pair.client.read(atMost: 100) }
    await settle()
    pair.server.abort()
    let error = await #expect(throws: IOError.self) { try await reading.value }
    #expect(error?.isDisconnection == true)
    await #expect(throws: IOError.self) { try await pair.client.write("x") }
  }

  @Test func `bytes that were changed on their way are refused`() async throws {
    let (one, other) = MemoryStream.pair()
    let (near, far) = MemoryStream.pair()
    // Between the two: passes everything on, and changes what comes after the handshake.
    let changes = Task { () -> Void in
      var isChanging = false
      while case var bytes = try await far.read(atMost: 65_536), !bytes.isEmpty {
        isChanging = isChanging || bytes.count > 2000
        if isChanging { bytes[bytes.count - 1] ^= 1 }
        try await other.write(bytes)
      }
    }
    let back = Task { () -> Void in
      while case let bytes = try await other.read(atMost: 65_536), !bytes.isEmpty {
        try await far.write(bytes)
      }
    }
    let pair = try await TLSPair(over: (near, one))
    try await pair.client.write(pattern(3000))
    let error = await #expect(throws: TLSError.self) { try await pair.server.read(atMost: 10_000) }
    #expect(error?.code == .protocolViolation)
    #expect(error?.message == "bytes were changed on their way, or are not the peer's")
    changes.cancel()
    back.cancel()
  }

  @Test func `a cancelled read has taken nothing`() async throws {
    let pair = try await TLSPair()
    for number in 0..<10 as Range<UInt8> {
      let reading = Task { try await pair.client.read(atMost: 10) }
      if number % 2 == 0 { await settle() }
      reading.cancel()
      await #expect(throws: CancellationError.self) { try await reading.value }
      try await pair.server.write([number])
      #expect(try await pair.client.read(atMost: 10) == [number])
    }
  }

  @Test func `a cancelled write says what was sent, and the connection goes on`() async throws {
    let pair = try await TLSPair(capacity: 5000)
    let bytes = pattern(500_000)
    let writing = Task { () -> Int in
      var sent = 0
      await #expect(throws: CancellationError.self) {
        try await pair.client.write(bytes[...], progress: &sent)
      }
      return sent
    }
    await settle()
    writing.cancel()
    let sent = await writing.value
    #expect(sent == 65_536)
    async let rest: Void = { @Sendable in
      try await pair.client.write(bytes[sent...])
      await pair.client.close()
    }()
    #expect(try await pair.server.readToEnd() == bytes)
    try await rest
  }

  @Test func `a write waits for a reader, with bounded memory`() async throws {
    let pair = try await TLSPair()
    var sent = 0
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.seconds(1)) {
        try await pair.client.write(pattern(1 << 20)[...], progress: &sent)
      }
    }
    // One stretch that is on its way, and one that waits.
    #expect(sent <= 2 * 65_536)
  }

  @Test func `a second task is refused`() async throws {
    let pair = try await TLSPair(capacity: 1000)
    let reading = Task { try await pair.client.read(atMost: 10) }
    let writing = Task { try await pair.client.write(pattern(100_000)) }
    await settle()
    let busy = await #expect(throws: IOError.self) { try await pair.client.read(atMost: 10) }
    #expect(busy?.code == .busy)
    let alsoBusy = await #expect(throws: IOError.self) { try await pair.client.write([1]) }
    #expect(alsoBusy?.code == .busy)
    try await pair.server.write([1])
    #expect(try await reading.value == [1])
    async let received = pair.server.readToEnd()
    try await writing.value
    await pair.client.close()
    #expect(try await received == pattern(100_000))
  }

  // MARK: Closing

  @Test func `closing says farewell, and wakes who waits`() async throws {
    let pair = try await TLSPair()
    let reading = Task { try await pair.client.read(atMost: 10) }
    await settle()
    await pair.client.close()
    await pair.client.close()
    #expect(pair.client.isClosed)
    #expect(pair.client.base.isClosed)
    let error = await #expect(throws: IOError.self) { try await reading.value }
    #expect(error?.code == .closed)
    #expect(try await pair.server.read(atMost: 10).isEmpty)
    let after = await #expect(throws: IOError.self) { try await pair.client.write([1]) }
    #expect(after?.code == .closed)
    let end = await #expect(throws: IOError.self) { try await pair.client.closeWriting() }
    #expect(end?.code == .closed)
  }

  @Test func `closing waits for a reader no longer than it may`() async throws {
    let pair = try await TLSPair(
      capacity: 1000, clientContext: TestCertificates.client(closeTimeout: .seconds(7)))
    let writing = Task { try await pair.client.write(pattern(100_000)) }
    await settle()
    let start = LoopClock.now
    await pair.client.close()
    #expect(start.duration(to: .now) == .seconds(7))
    let error = await #expect(throws: IOError.self) { try await writing.value }
    #expect(error?.code == .closed)
    let truncated = await #expect(throws: TLSError.self) { _ = try await pair.server.readToEnd() }
    #expect(truncated?.code == .truncated)
  }

  @Test func `a cancelled task closes at once`() async throws {
    let pair = try await TLSPair(capacity: 1000)
    let writing = Task { try? await pair.client.write(pattern(100_000)) }
    await settle()
    let start = LoopClock.now
    let closing = Task { await pair.client.close() }
    closing.cancel()
    await closing.value
    #expect(start.duration(to: .now) == .zero)
    #expect(pair.client.base.isClosed)
    await writing.value
  }

  @Test func `a stream that is dropped is closed, and is gone`() async throws {
    let ends = MemoryStream.pair()
    weak var weakClient: TLSStream<MemoryStream>?
    weak var weakServer: TLSStream<MemoryStream>?
    do {
      let pair = try await TLSPair(over: ends)
      (weakClient, weakServer) = (pair.client, pair.server)
      try await pair.client.write("x")
      #expect(try await pair.server.read(atMost: 1) == Array("x".utf8))
    }
    await settle()
    #expect(weakClient == nil)
    #expect(weakServer == nil)
  }
}
