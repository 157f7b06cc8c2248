import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIOHTTP

/// How a response of events ends, over a connection that the test opens and shuts.
@Suite(.virtualTime) struct ServerSentEventWriterTests {
  /// A connection whose client may be slow.
  private final class Sink: HTTPByteSink {
    private let isReading = AsyncEvent()
    private let written = Mutex("")

    var text: String { written.withLock { $0 } }

    /// Lets go on what waits.
    func read() { isReading.set() }

    func write(_ bytes: [UInt8]) async throws {
      try await isReading.wait()
      written.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
    }
  }

  private static func run(
    over sink: Sink, heartbeat: Duration? = nil,
    _ body: @escaping @Sendable (ServerSentEventWriter) async throws -> Void
  ) async throws {
    guard case .stream(nil, let write) = HTTPServerResponse.events(heartbeat: heartbeat, body).body else {
      Issue.record("no stream")
      return
    }
    let response = HTTPResponseWriter(sink, .untilClose, head: [])
    try await write(response)
    try await response.finish()
  }

  @Test func `an event that is cut by a timeout ends the stream and whoever waits`() async throws {
    let start = LoopClock.now
    let running = createTask {
      try await Self.run(over: Sink(), heartbeat: .seconds(15)) { writer in
        _ = try? await withTimeout(.seconds(1)) { try await writer.send(data: "cut") }
        let error = await #expect(throws: IOError.self) { try await writer.send(data: "later") }
        #expect(error?.description.contains("cut by a cancellation") == true)
        try await sleep(for: .seconds(10_000))
      }
    }
    await #expect(throws: IOError.self) { try await running.value }
    #expect(start.duration(to: .now) == .seconds(1))
  }

  @Test func `what has failed is told to all that send later, and thrown once`() async throws {
    final class Broken: HTTPByteSink {
      func write(_ bytes: [UInt8]) async throws { throw IOError(.system, errno: 32, operation: "write") }
    }
    guard
      case .stream(nil, let write) = HTTPServerResponse.events({ writer in
        for _ in 0..<3 {
          let error = await #expect(throws: IOError.self) { try await writer.send(data: "lost") }
          #expect(error?.errno == 32)
        }
        try await gather(Array(0..<2)) { _ in try await writer.send(data: "lost") }
      }).body
    else { return }
    let error = await #expect(throws: IOError.self) {
      try await write(HTTPResponseWriter(Broken(), .untilClose, head: []))
    }
    #expect(error?.errno == 32)
  }

  @Test func `whoever sends when the closure returns comes to the end, and later ones are told`() async throws
  {
    for fails in [false, true] {
      struct Failure: Error {}
      let sink = Sink()
      let kept = Mutex<(ServerSentEventWriter, TaskHandle<Void>)?>(nil)
      let running = createTask {
        try await Self.run(over: sink) { writer in
          let other = createTask { try await writer.send(data: "other") }
          kept.withLock { $0 = (writer, other) }
          await settle()
          if fails { throw Failure() }
        }
      }
      try await sleep(for: .seconds(1))
      #expect(!running.isDone)
      sink.read()
      if fails {
        await #expect(throws: Failure.self) { try await running.value }
      } else {
        try await running.value
      }
      let (writer, other) = try #require(kept.withLock { $0 })
      try await other.value
      #expect(sink.text == "data: other\n\n")
      let error = await #expect(throws: HTTPServerError.self) { try await writer.send(data: "late") }
      #expect(error?.code == .bodyEnded)
    }
  }

  @Test func `a comment on its way when the closure returns is not cut`() async throws {
    let sink = Sink()
    let running = createTask {
      try await Self.run(over: sink, heartbeat: .seconds(15)) { _ in try await sleep(for: .seconds(20)) }
    }
    try await sleep(for: .seconds(30))
    sink.read()
    try await running.value
    #expect(sink.text == ":\n\n")
  }

  @Test func `a heartbeat without a pause is refused`() async {
    await #expect(processExitsWith: .failure) {
      _ = HTTPServerResponse.events(heartbeat: .zero) { _ in }
    }
  }
}
