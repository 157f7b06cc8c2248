import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

@Suite(.virtualTime) struct MemoryStreamTests {
  @Test(arguments: [1, 7, 100]) func `no more is taken than there is room for`(_ capacity: Int) async throws {
    let (one, other) = MemoryStream.pair(capacity: capacity)
    #expect(try await one.writeSome(pattern(1000)[...]) == capacity)
    #expect(try await other.read(atMost: 1) == [0])
    #expect(try await one.writeSome([9, 9]) == 1)
    #expect(try await other.read(atMost: 1000) == Array(pattern(capacity).dropFirst()) + [9])
  }

  @Test func `a thousand odd sizes go round the ring`() async throws {
    let (one, other) = MemoryStream.pair(capacity: 64)
    var sent: [UInt8] = []
    var received: [UInt8] = []
    for number in 0..<1000 {
      let piece = pattern(number % 97 + 1)
      let count = try await one.writeSome(piece[...])
      sent += piece[..<count]
      received += try await other.read(atMost: number % 61 + 1)
      if received.count < sent.count { received += try await other.read(atMost: 64) }
    }
    #expect(received == sent)
  }

  @Test func `the peer sees an abort as a reset, whatever was on its way`() async throws {
    let (one, other) = MemoryStream.pair()
    try await one.write([1, 2, 3])
    one.abort()
    let reading = await #expect(throws: IOError.self) { try await other.read(atMost: 10) }
    #expect(reading?.errno == ECONNRESET)
    let writing = await #expect(throws: IOError.self) { try await other.write([1]) }
    #expect(writing?.errno == EPIPE)
  }

  @Test func `an end that is dropped is closed`() async throws {
    var (one, other): (MemoryStream?, MemoryStream) = MemoryStream.pair()
    let reading = Task { [other] in try await other.read(atMost: 10) }
    await settle()
    withExtendedLifetime(one) {}
    one = nil
    #expect(try await reading.value.isEmpty)
    #expect(!other.isClosed)
    other = MemoryStream.pair().0
  }

  @Test(.realTime, .deadline(.seconds(60))) func `two threads at once`() async throws {
    try await onLoops(2) {
      let (one, other) = MemoryStream.pair(capacity: 100)
      let bytes = pattern(200_000)
      async let writing: Void = { @Sendable in
        var start = 0
        while start < bytes.count {
          start += try await one.writeSome(bytes[start...].prefix(start % 300 + 1))
        }
        one.close()
      }()
      var received: [UInt8] = []
      while try await other.read(appendingTo: &received, atMost: received.count % 70 + 1) > 0 {}
      try await writing
      #expect(received == bytes)
    }
  }

  @Test func `no capacity is a mistake`() async {
    await #expect(processExitsWith: .failure) { _ = MemoryStream.pair(capacity: 0) }
  }
}
