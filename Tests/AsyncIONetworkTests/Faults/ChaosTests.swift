import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

/// What a bad network does, and what becomes of streams on it.
@Suite(.virtualTime) struct ChaosTests {
  @Test(arguments: 0..<5 as Range<UInt64>) func `slices arrive as they were sent`(_ seed: UInt64) async throws
  {
    let bytes = pattern(20_000)
    try await withChaoticPair(forth: [.slicing(size: 40)], seed: seed) { one, other in
      async let writing: Void = { @Sendable in
        try await one.write(bytes)
        one.close()
      }()
      #expect(try await other.readToEnd() == bytes)
      try await writing
    }
  }

  @Test func `latency delays, and does not slow down`() async throws {
    try await withChaoticPair(forth: [.latency(.seconds(1))]) { one, other in
      let start = LoopClock.now
      for number in 0..<10 as Range<UInt8> { try await one.write([number]) }
      #expect(try await other.read(exactly: 10) == Array(0..<10))
      #expect(start.duration(to: .now) == .seconds(1))
    }
  }

  @Test func `jitter keeps the order`() async throws {
    try await withChaoticPair(forth: [.latency(.milliseconds(5), jitter: .seconds(1))], seed: 3) {
      one, other in
      let reading = Task { try await other.read(exactly: 100) }
      for number in 0..<100 as Range<UInt8> {
        try await one.write([number])
        try await sleep(for: .milliseconds(3))
      }
      #expect(try await reading.value == Array(0..<100))
    }
  }

  @Test func `bandwidth is what it says`() async throws {
    try await withChaoticPair(forth: [.bandwidth(bytesPerSecond: 1000)]) { one, other in
      let start = LoopClock.now
      async let writing: Void = one.write(pattern(5000))
      _ = try await other.read(exactly: 5000)
      try await writing
      #expect(start.duration(to: .now) >= .milliseconds(4900))
      #expect(start.duration(to: .now) <= .milliseconds(5000))
    }
  }

  @Test func `cut after so many bytes, the end comes too early`() async throws {
    try await withChaoticPair(back: [.cut(afterBytes: 10)]) { client, server in
      let serving = Task { try? await server.write(pattern(100)) }
      let error = await #expect(throws: IOError.self) { try await BufferedReader(client).read(exactly: 11) }
      #expect(error?.code == .unexpectedEnd)
      _ = await serving.value
      let writing = await #expect(throws: IOError.self) { while true { try await client.write([1]) } }
      #expect(writing?.isDisconnection == true)
    }
  }

  @Test func `reset after so many bytes, reading and writing fail`() async throws {
    try await withChaoticPair(back: [.reset(afterBytes: 10)]) { client, server in
      try await server.write(pattern(10))
      await settle()
      let reading = await #expect(throws: IOError.self) { _ = try await client.readToEnd() }
      #expect(reading?.errno == ECONNRESET)
      let writing = await #expect(throws: IOError.self) { try await client.write([1]) }
      #expect(writing?.isDisconnection == true)
    }
  }

  @Test func `in a black hole only a timeout helps`() async throws {
    try await withChaoticPair(back: [.blackHole(afterBytes: 3)]) { client, server in
      try await server.write([1, 2, 3, 4])
      server.close()
      #expect(try await client.read(atMost: 10) == [1, 2, 3])
      await #expect(throws: TimeoutError(after: .seconds(30))) {
        try await withStreamTimeouts(client, idle: .seconds(30)) { _ = try await $0.read(atMost: 1) }
      }
    }
  }

  @Test func `a slow end comes late`() async throws {
    try await withChaoticPair(forth: [.slowClose(.seconds(5))]) { one, other in
      let start = LoopClock.now
      one.close()
      let rest = try await other.read(atMost: 1)
      #expect(rest.isEmpty)
      #expect(start.duration(to: .now) == .seconds(5))
    }
  }

  @Test func `a peer that never reads makes the sender wait, and memory is bounded`() async throws {
    try await withChaoticPair(capacity: 1000) { one, other in
      var sent = 0
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(60)) { try await one.write(plenty[...], progress: &sent) }
      }
      #expect(sent <= 4000 + 66 * 16 * 1024)
      let received = try await other.read(exactly: sent)
      #expect(received == Array(plenty[..<sent]))
    }
  }

  @Test func `a client that sends a byte a second does not hold a server`() async throws {
    try await withChaoticPair(forth: [.slicing(size: 1, pause: .seconds(1))]) { client, server in
      let request = Task { try? await client.write("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n") }
      let start = LoopClock.now
      await #expect(throws: TimeoutError.self) {
        // It is never silent for ten seconds: it is the whole head that has a limit.
        try await withStreamTimeouts(server, idle: .seconds(10)) { server in
          let reader = BufferedReader(server, maximum: 8192)
          _ = try await withTimeout(.seconds(20)) { try await reader.read(until: Array("\r\n\r\n".utf8)) }
        }
      }
      #expect(start.duration(to: .now) == .seconds(20))
      _ = await request.value
    }
  }

  @Test(.realTime) func `the proxy stands before a server`() async throws {
    let listener = try TCPListener(port: 0)
    let serving = Task { try await listener.serve { try await $0.echo() } }
    let proxy = try ChaosProxy(
      to: listener.localAddress, upstream: [.slicing(size: 100)], downstream: [.cut(afterBytes: 50_000)])
    let running = Task { try await proxy.run() }
    let client = try await TCPStream.connect(to: proxy.localAddress)
    let writing = Task { try? await client.write(pattern(60_000)) }
    #expect(try await client.readToEnd() == pattern(50_000))
    client.close()
    _ = await writing.value
    running.cancel()
    serving.cancel()
    _ = await (running.result, serving.result)
  }
}
