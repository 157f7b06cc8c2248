import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct TimedStreamTests {
  private func elapsed(_ body: () async throws -> Void) async rethrows -> Duration {
    let start = LoopClock.now
    try await body()
    return start.duration(to: .now)
  }

  @Test func `a stream that is silent for too long ends its scope`() async throws {
    let (one, other) = MemoryStream.pair()
    let talking = Task {
      for _ in 0..<5 {
        try await sleep(for: .seconds(9))
        try await one.write([1])
      }
    }
    let time = await elapsed {
      await #expect(throws: TimeoutError(after: .seconds(10))) {
        try await withStreamTimeouts(other, idle: .seconds(10)) { stream in
          while true { _ = try await stream.read(atMost: 10) }
        }
      }
    }
    #expect(time == .seconds(55))
    #expect(!other.isClosed)
    try await talking.value
  }

  @Test func `writing counts as well as reading`() async throws {
    let (one, other) = MemoryStream.pair()
    await #expect(throws: TimeoutError(after: .seconds(10))) {
      try await withStreamTimeouts(one, idle: .seconds(10)) { stream in
        for _ in 0..<5 {
          try await stream.write([1])
          try await sleep(for: .seconds(9))
        }
        _ = try await stream.read(atMost: 1)
      }
    }
    #expect(try await other.read(atMost: 10).count == 5)
  }

  @Test func `one read may only wait so long, computing in between may`() async throws {
    let (one, other) = MemoryStream.pair()
    try await one.write([1])
    let time = await elapsed {
      await #expect(throws: TimeoutError(after: .seconds(3))) {
        try await withStreamTimeouts(other, idle: .seconds(3600), read: .seconds(3)) { stream in
          #expect(try await stream.read(atMost: 1) == [1])
          try await sleep(for: .seconds(100))
          _ = try await stream.read(atMost: 1)
        }
      }
    }
    #expect(time == .seconds(103))
  }

  @Test func `a peer that never reads ends a write`() async throws {
    let (one, other) = MemoryStream.pair(capacity: 100)
    let time = await elapsed {
      await #expect(throws: TimeoutError(after: .seconds(3))) {
        try await withStreamTimeouts(one, read: .seconds(1), write: .seconds(3)) { stream in
          try await stream.write(pattern(1000))
        }
      }
    }
    #expect(time == .seconds(3))
    #expect(try await other.read(atMost: 1000).count == 100)
  }

  @Test func `a write that goes on slowly is not ended`() async throws {
    let (one, other) = MemoryStream.pair(capacity: 10)
    let reading = Task {
      for _ in 0..<10 {
        try await sleep(for: .seconds(2))
        _ = try await other.read(atMost: 10)
      }
    }
    try await withStreamTimeouts(one, write: .seconds(3)) { try await $0.write(pattern(100)) }
    try await reading.value
  }

  @Test func `what the body returns or throws passes, and a cancellation from outside is none of time`()
    async throws
  {
    let (one, _) = MemoryStream.pair()
    #expect(try await withStreamTimeouts(one, idle: .seconds(1)) { _ in 7 } == 7)
    #expect(try await withStreamTimeouts(one) { _ in Int?.none } == nil)
    await #expect(throws: IOError.self) {
      try await withStreamTimeouts(one, idle: .seconds(1)) { _ in throw IOError(.busy, operation: "test") }
    }
    let (kept, held) = MemoryStream.pair()
    let task = Task {
      try await withStreamTimeouts(held, idle: .seconds(1)) { _ = try await $0.read(atMost: 1) }
    }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    kept.close()
  }

  @Test func `with timeouts it is a stream as any other`() async throws {
    try await checkHalfCloseableStream {
      let (one, other) = MemoryStream.pair()
      return try await withStreamTimeouts(one, idle: .seconds(3600)) { one in
        try await withStreamTimeouts(other, read: .seconds(3600), write: .seconds(3600)) { (one, $0) }
      }
    }
  }
}
