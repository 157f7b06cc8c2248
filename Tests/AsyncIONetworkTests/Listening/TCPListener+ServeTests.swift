import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.realTime, .closesDescriptors) struct TCPListenerServeTests {
  private struct Failure: Error {
    let name: String
  }

  private let listener: TCPListener

  init() throws {
    UnhandledReports.begin()
    listener = try TCPListener(port: 0)
  }

  private func connect() async throws -> TCPStream { try await TCPStream.connect(to: listener.localAddress) }

  @Test func `a hundred connections at once are echoed`() async throws {
    let server = Task { try await listener.serve { try await $0.echo() } }
    let echoed = try await gather(0..<100) { number in
      let bytes = pattern(1000 + number)
      let client = try await connect()
      let reader = Task { try await client.readToEnd() }
      for start in stride(from: 0, to: bytes.count, by: 100) {
        try await client.write(bytes[start..<min(start + 100, bytes.count)])
      }
      try client.closeWriting()
      return try await reader.value == bytes
    }
    #expect(echoed == Array(repeating: true, count: 100))
    server.cancel()
    await #expect(throws: CancellationError.self) { try await server.value }
  }

  @Test func `no more connections than the limit are served at once`() async throws {
    let (current, peak) = (Journal<Int>(), Journal<Int>())
    let server = Task {
      try await listener.serve(limit: 3) { stream in
        current.note(1)
        peak.note(current.entries.reduce(0, +))
        try await stream.echo()
        current.note(-1)
      }
    }
    var clients: [TCPStream] = []
    for _ in 0..<10 { clients.append(try await connect()) }
    await settle()
    #expect(peak.count == 3)
    for client in clients {
      try await client.write([1])
      #expect(try await client.read(atMost: 10) == [1])
      client.close()
    }
    #expect(peak.entries.max() == 3)
    server.cancel()
    _ = await server.result
    #expect(peak.count == 10)
  }

  @Test func `a limit below one is refused`() async {
    await #expect(processExitsWith: .failure) {
      try await TCPListener(port: 0).serve(limit: 0) { _ in }
    }
  }

  @Test func `connections are closed when their handlers return`() async throws {
    let kept = Journal<TCPStream>()
    let server = Task { try await listener.serve { kept.note($0) } }
    let client = try await connect()
    #expect(try await client.read(atMost: 10).isEmpty)
    #expect(kept.entries.first?.isClosed == true)
    server.cancel()
    _ = await server.result
  }

  @Test func `an error of a handler is reported and ends its connection alone`() async throws {
    let server = Task {
      try await listener.serve { stream in
        if try await stream.read(atMost: 1) == [0] { throw Failure(name: "handler") }
        try await stream.echo()
      }
    }
    let (bad, good) = (try await connect(), try await connect())
    let description = "TCPStream(\(try bad.remoteAddress) → \(try bad.localAddress))"
    try await good.write([1])
    try await bad.write([0])
    #expect(try await bad.read(atMost: 10).isEmpty)
    try await good.write([2])
    #expect(try await good.read(atMost: 10) == [2])
    let later = try await connect()
    try await later.write([1, 3])
    #expect(try await later.read(atMost: 10) == [3])
    let reports = UnhandledReports.all { ($0 as? Failure)?.name == "handler" }
    #expect(reports.map(\.source) == ["the handler of \(description)"])
    server.cancel()
    _ = await server.result
  }

  @Test func `clients that go away are not reported`() async throws {
    let before = UnhandledReports.all { $0 is IOError }.count
    let ended = Journal<Bool>()
    let server = Task {
      try await listener.serve { stream in
        do {
          try await stream.echo()
          throw IOError(.unexpectedEnd, operation: "read")
        } catch {
          ended.note((error as? IOError)?.isDisconnection ?? false)
          throw error
        }
      }
    }
    for number in 0..<4 {
      let client = try await connect()
      try await client.write([1])
      #expect(try await client.read(atMost: 10) == [1])
      if number % 2 == 0 { client.abort() } else { client.close() }
    }
    while ended.count < 4 { await Task.yield() }
    server.cancel()
    _ = await server.result
    #expect(ended.entries == [true, true, true, true])
    #expect(UnhandledReports.all { $0 is IOError }.count == before)
  }

  @TaskLocal private static var name = "nobody"

  @Test func `handlers see the task-local values of the task that serves, and keep theirs to themselves`()
    async throws
  {
    let server = Self.$name.withValue("server") {
      Task {
        try await listener.serve { stream in
          let before = Self.name
          try await Self.$name.withValue("handler") { try await stream.echo() }
          try await stream.write("\(before) \(Self.name)")
        }
      }
    }
    for _ in 0..<3 {
      let client = try await Self.$name.withValue("client") { try await connect() }
      try client.closeWriting()
      #expect(try await client.readToEnd() == Array("server server".utf8))
    }
    server.cancel()
    _ = await server.result
  }

  @Test func `cancelling it cancels the handlers and waits for their cleanup`() async throws {
    let cleaned = Journal<Void>()
    let server = Task {
      try await listener.serve { stream in
        do {
          try await stream.echo()
        } catch {
          await Task { try? await sleep(for: .milliseconds(1)) }.value
          cleaned.note(())
          throw error
        }
      }
    }
    let clients = [try await connect(), try await connect(), try await connect()]
    await settle()
    server.cancel()
    await #expect(throws: CancellationError.self) { try await server.value }
    #expect(cleaned.count == 3)
    for client in clients { #expect(try await client.read(atMost: 10).isEmpty) }
  }

  @Test func `cancelled while it waits for room, it ends`() async throws {
    let server = Task { try await listener.serve(limit: 1) { try await $0.echo() } }
    let clients = [try await connect(), try await connect()]
    await settle()
    server.cancel()
    await #expect(throws: CancellationError.self) { try await server.value }
    #expect(try await clients[0].read(atMost: 10).isEmpty)
  }

  @Test func `closing the listener lets the handlers end by themselves`() async throws {
    let server = Task { try await listener.serve { try await $0.echo() } }
    let client = try await connect()
    await settle()
    listener.close()
    await settle()
    try await client.write([1])
    #expect(try await client.read(atMost: 10) == [1])
    client.close()
    try await server.value
  }

  @Test func `cancelled after the listener was closed, it cancels the handlers`() async throws {
    let server = Task { try await listener.serve { try await $0.echo() } }
    let client = try await connect()
    await settle()
    listener.close()
    await settle()
    server.cancel()
    await #expect(throws: CancellationError.self) { try await server.value }
    #expect(try await client.read(atMost: 10).isEmpty)
  }
}
