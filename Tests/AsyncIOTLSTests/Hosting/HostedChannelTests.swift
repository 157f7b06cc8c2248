import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import AsyncIOTesting
import NIOCore
import Synchronization
import Testing

// NIOCore has one too.
private typealias IOError = AsyncIORuntime.IOError
private typealias Lines = HostedChannel<MemoryStream, String, String>

/// Lines over one end of a pair in memory; the other end is plain.
private func makeLines(
  capacity: Int = 65_536,
  _ more: (ChannelPipeline.SynchronousOperations) throws -> Void = { _ in }
) throws -> (Lines, MemoryStream) {
  let (one, other) = MemoryStream.pair(capacity: capacity)
  let channel = try Lines(one) { pipeline in
    try pipeline.addHandler(ByteToMessageHandler(LineDecoder()))
    try pipeline.addHandler(LineEncoder())
    try more(pipeline)
  }
  return (channel, other)
}

@Suite(.virtualTime) struct HostedChannelTests {
  @Test func `messages are made of bytes, and bytes of messages`() async throws {
    let (channel, peer) = try makeLines()
    try await peer.write("one\ntwo\nthr")
    #expect(try await channel.read() == "one")
    #expect(try await channel.read() == "two")
    let third = Task { try await channel.read() }
    await settle()
    try await peer.write("ee\n")
    #expect(try await third.value == "three")
    try await channel.write("answer")
    #expect(try await peer.read(atMost: 100) == Array("answer\n".utf8))
  }

  @Test func `the end of the stream is told to the handlers, and then to the reader`() async throws {
    let (channel, peer) = try makeLines()
    try await peer.write("one\ntwo")
    peer.close()
    #expect(try await channel.read() == "one")
    #expect(try await channel.read() == "unfinished: two")
    #expect(try await channel.read() == nil)
    #expect(try await channel.read() == nil)
  }

  @Test func `an error of a handler comes after what was good`() async throws {
    let (channel, peer) = try makeLines()
    try await peer.write("one\nbad\n")
    #expect(try await channel.read() == "one")
    await #expect(throws: BadLine.self) { try await channel.read() }
    await #expect(throws: BadLine.self) { try await channel.read() }
  }

  @Test func `a message that a handler refuses fails its write alone`() async throws {
    let (channel, peer) = try makeLines()
    await #expect(throws: BadLine.self) { try await channel.write("bad") }
    try await channel.write("good")
    #expect(try await peer.read(atMost: 100) == Array("good\n".utf8))
  }

  @Test func `handlers that cannot be added are an error, and leave the stream open`() async throws {
    let (one, other) = MemoryStream.pair()
    #expect(throws: BadLine.self) {
      try Lines(one) { _ in throw BadLine() }
    }
    #expect(!one.isClosed)
    withExtendedLifetime(other) {}
  }

  // MARK: What handlers do by themselves

  @Test func `an answer of a handler is sent while somebody reads`() async throws {
    let (channel, peer) = try makeLines { try $0.addHandler(PongHandler()) }
    let reading = Task { try await channel.read() }
    try await peer.write("ping\n")
    #expect(try await peer.read(atMost: 100) == Array("pong\n".utf8))
    try await peer.write("done\n")
    #expect(try await reading.value == "done")
  }

  @Test func `who reads does not wait for room for a handler's answer`() async throws {
    let (channel, peer) = try makeLines(capacity: 10) { try $0.addHandler(PongHandler()) }
    let reading = Task { try await channel.read() }
    // The answers do not fit, and the peer does not read them before it has written all.
    for _ in 0..<100 { try await peer.write("ping\n") }
    try await peer.write("done\n")
    #expect(try await reading.value == "done")
    var answers = ""
    while answers.utf8.count < 500 {
      answers += String(decoding: try await peer.read(atMost: 10), as: UTF8.self)
    }
    #expect(answers == String(repeating: "pong\n", count: 100))
  }

  @Test func `a handler's timer follows the loop's clock`() async throws {
    let (channel, peer) = try makeLines { try $0.addHandler(PongHandler(after: .hours(1))) }
    let start = LoopClock.now
    try await peer.write("ping\nnext\n")
    #expect(try await channel.read() == "next")
    #expect(try await peer.read(atMost: 100) == Array("pong\n".utf8))
    #expect(start.duration(to: .now) == .seconds(3600))
  }

  @Test(.realTime, .deadline(.seconds(60))) func `a handler's work may end on another thread`() async throws {
    let (channel, peer) = try makeLines()
    let loop = try channel.withPipeline { $0.eventLoop }
    for number in 0..<100 {
      let promise = loop.makePromise(of: String.self)
      try channel.withPipeline { pipeline in
        let pipeline = NIOLoopBound(pipeline, eventLoop: loop)
        promise.futureResult.assumeIsolated().whenSuccess { text in
          pipeline.value.writeAndFlush(NIOAny(text), promise: nil)
        }
      }
      try await withBlocking { promise.succeed("\(number)") }
      #expect(try await peer.read(atMost: 100) == Array("\(number)\n".utf8))
    }
  }

  @Test func `a handler may hold input back`() async throws {
    let (one, peer) = MemoryStream.pair()
    let channel = try Lines(one) { pipeline in
      try pipeline.addHandlers([ReadGate(), ByteToMessageHandler(LineDecoder())])
    }
    try await peer.write("one\n")
    let reading = Task { try await channel.read() }
    await settle()
    try channel.withPipeline { $0.triggerUserOutboundEvent(ReadGate.Open(), promise: nil) }
    #expect(try await reading.value == "one")
  }

  @Test func `a handler is told when there is too much to be sent`() async throws {
    let log = Log()
    let (channel, peer) = try makeLines(capacity: 1000) { try $0.addHandler(Witness(log.add)) }
    async let writing: Void = channel.write(String(repeating: "x", count: 100_000))
    await settle()
    #expect(log.all == ["added", "active", "not writable"])
    var count = 0
    while count < 100_001 { count += try await peer.read(atMost: 1000).count }
    try await writing
    #expect(log.all == ["added", "active", "not writable", "writable"])
  }

  // MARK: Ending

  @Test func `closing removes the handlers, and wakes who waits`() async throws {
    let log = Log()
    let (channel, peer) = try makeLines { try $0.addHandler(Witness(log.add)) }
    let reading = Task { try await channel.read() }
    await settle()
    try await channel.write("last")
    await channel.close()
    await channel.close()
    #expect(log.all == ["added", "active", "inactive", "removed"])
    #expect((await reading.result.failure as? IOError)?.code == .closed)
    #expect(try await peer.read(atMost: 100) == Array("last\n".utf8))
    #expect(try await peer.read(atMost: 100).isEmpty)
    let error = await #expect(throws: IOError.self) { try await channel.write("x") }
    #expect(error?.code == .closed)
  }

  @Test func `an abort drops what was not sent`() async throws {
    let (channel, peer) = try makeLines(capacity: 10)
    let writing = Task { try await channel.write("more than there is room for") }
    await settle()
    channel.abort()
    #expect((await writing.result.failure as? IOError)?.code == .closed)
    await #expect(throws: IOError.self) { try await peer.read(atMost: 100) }
  }

  @Test func `a channel that is dropped takes its handlers and its stream along`() async throws {
    let log = Log()
    let (peer, reading) = try {
      let (_, peer) = try makeLines { try $0.addHandler(Witness(log.add)) }
      return (peer, Task { try await peer.read(atMost: 10) })
    }()
    #expect(try await reading.value.isEmpty)
    #expect(log.all == ["added", "active", "inactive", "removed"])
    withExtendedLifetime(peer) {}
  }

  @Test func `a cancelled write is sent as a whole nevertheless`() async throws {
    let (channel, peer) = try makeLines(capacity: 5)
    let writing = Task { try await channel.write("0123456789") }
    await settle()
    writing.cancel()
    await #expect(throws: CancellationError.self) { try await writing.value }
    async let next: Void = channel.write("next")
    var text = ""
    while text.utf8.count < 16 { text += String(decoding: try await peer.read(atMost: 5), as: UTF8.self) }
    try await next
    #expect(text == "0123456789\nnext\n")
  }

  @Test(.realTime, .deadline(.seconds(60))) func `two loops share a channel`() async throws {
    try await onLoops(2) {
      let (one, other) = MemoryStream.pair(capacity: 100)
      let configure: (ChannelPipeline.SynchronousOperations) throws -> Void = { pipeline in
        try pipeline.addHandler(ByteToMessageHandler(LineDecoder()))
        try pipeline.addHandler(LineEncoder())
      }
      let (near, far) = (try Lines(one, configure), try Lines(other, configure))
      async let writing: Void = { @Sendable in
        for number in 0..<2000 { try await near.write("\(number)") }
      }()
      async let echo: Void = { @Sendable in
        while let line = try await far.read() { try await far.write(line) }
      }()
      for number in 0..<2000 {
        guard let line = try await near.read() else { break }
        #expect(line == "\(number)")
      }
      try await writing
      await near.close()
      try await echo
    }
  }
}

/// Texts from anywhere, in order.
private final class Log: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }
  var add: @Sendable (String) -> Void { { line in self.lines.withLock { $0.append(line) } } }
}

extension Result {
  fileprivate var failure: Failure? {
    if case .failure(let error) = self { error } else { nil }
  }
}
