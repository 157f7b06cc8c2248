import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

/// Events from server to client, over one response after another.
@Suite(.virtualTime) struct ServerSentEventsTests {
  private static let lastEventID = HTTPField.Name("Last-Event-ID") ?? .from

  @Test func `events arrive as they are sent, and the client asks again with the last identifier`()
    async throws
  {
    let asked = Mutex<[String]>([])
    let start = LoopClock.now
    try await RunningServer.run { request in
      #expect(request[.accept] == "text/event-stream")
      asked.withLock { $0.append(request[Self.lastEventID] ?? "none") }
      let first = (request[Self.lastEventID].flatMap { Int($0) } ?? 0) + 1
      if first > 6 { return HTTPServerResponse(status: .noContent) }
      return .events(retry: .seconds(5)) { writer in
        for number in first..<first + 3 {
          try await writer.send(event: "tick", data: "a\r\nb \(number)", id: "\(number)")
          try await sleep(for: .seconds(1))
        }
      }
    } _: { server in
      try await withHTTPSession { session in
        var found: [String] = []
        for try await event in session.events(from: server.url) {
          found.append("\(event.event) \(event.data) \(event.id)")
        }
        #expect(found == (1...6).map { "tick a\nb \($0) \($0)" })
      }
    }
    #expect(asked.withLock { $0 } == ["none", "3", "6"])
    // Twice three seconds of events, and five before each time it asks again.
    #expect(start.duration(to: .now) == .seconds(16))
  }

  @Test func `a silence is filled with comments, which keep the connection`() async throws {
    try await RunningServer.run { request in
      .events { writer in
        try await sleep(for: .seconds(100))
        try await writer.send(data: "late")
      }
    } _: { server in
      let text = try await server.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(text.occurrences(of: ":\n\n") == 6)
      #expect(text.contains("data: late\n\n"))
      try await withHTTPSession { session in
        // Longer than the time between two comments, and shorter than that before the event.
        var configuration = ServerSentEventsConfiguration()
        configuration.silenceTimeout = .seconds(20)
        configuration.reconnects = false
        for try await event in session.events(from: server.url, configuration: configuration) {
          #expect(event.data == "late")
          break
        }
      }
    }
  }

  @Test func `without comments a silence may last too`() async throws {
    try await RunningServer.run { request in
      .events(heartbeat: nil) { writer in
        try await sleep(for: .seconds(1000))
        try await writer.send(data: "late")
      }
    } _: { server in
      try await withHTTPSession { session in
        for try await event in session.events(from: server.url) {
          #expect(event.data == "late")
          break
        }
        // Unless the client does not put up with it.
        var configuration = ServerSentEventsConfiguration()
        configuration.silenceTimeout = .seconds(10)
        configuration.reconnects = false
        await #expect(throws: TimeoutError.self) {
          for try await event in session.events(from: server.url, configuration: configuration) {
            Issue.record("\(event)")
          }
        }
      }
    }
  }

  @Test func `a server that fails is asked again more and more seldom, and given up`() async throws {
    let times = Mutex<[Duration]>([])
    let start = LoopClock.now
    try await RunningServer.run { request in
      let count = times.withLock { times in
        times.append(start.duration(to: .now))
        return times.count
      }
      if count > 1 { return HTTPServerResponse(status: .serviceUnavailable) }
      return .events { try await $0.send(data: "once") }
    } _: { server in
      try await withHTTPSession { session in
        var configuration = ServerSentEventsConfiguration()
        configuration.maximumAttempts = 4
        var events = session.events(from: server.url, configuration: configuration).makeAsyncIterator()
        let first = try await events.next()
        #expect(first?.data == "once")
        do {
          let second = try await events.next()
          Issue.record("\(String(describing: second))")
        } catch let error as HTTPError {
          #expect(error.code == .unsuccessfulStatus)
        }
        let end = try await events.next()
        #expect(end == nil)
      }
    }
    #expect(times.withLock { $0 } == [.zero, .seconds(3), .seconds(9), .seconds(21), .seconds(45)])
  }

  @Test func `calls that are cancelled do not put off the time at which the server is asked again`()
    async throws
  {
    let times = Mutex<[Duration]>([])
    let start = LoopClock.now
    try await RunningServer.run { request in
      let count = times.withLock { times in
        times.append(start.duration(to: .now))
        return times.count
      }
      return .events { try await $0.send(data: "\(count)") }
    } _: { server in
      try await withHTTPSession { session in
        var events = session.events(from: server.url).makeAsyncIterator()
        let first = try await events.next()
        #expect(first?.data == "1")
        var second: ServerSentEvent?
        while second == nil, start.duration(to: .now) < .seconds(20) {
          second = try await withTimeoutOrNil(.milliseconds(700)) { try await events.next() } ?? nil
        }
        #expect(second?.data == "2")
      }
    }
    #expect(times.withLock { $0 } == [.zero, .seconds(3)])
  }

  @Test func `responses that bring nothing are failures, and what comes makes up for them`() async throws {
    let times = Mutex<[Duration]>([])
    let start = LoopClock.now
    try await RunningServer.run { request in
      let count = times.withLock { times in
        times.append(start.duration(to: .now))
        return times.count
      }
      switch count {
      // A comment, so something has come, and the server wishes to be asked at once.
      case 3: return .events(retry: .zero) { _ in }
      // Nothing, but for longer than it takes to ask again.
      case 6: return .events(heartbeat: nil) { _ in try await sleep(for: .seconds(1)) }
      default: return .events(heartbeat: nil) { _ in }
      }
    } _: { server in
      try await withHTTPSession { session in
        var configuration = ServerSentEventsConfiguration()
        configuration.maximumAttempts = 3
        var events = session.events(from: server.url, configuration: configuration).makeAsyncIterator()
        do {
          let event = try await events.next()
          Issue.record("\(String(describing: event))")
        } catch let error as HTTPError {
          #expect(error.code == .noEventStream)
        }
      }
    }
    let expected = [0, 6000, 18_000, 18_100, 18_300, 18_700, 19_800, 20_000, 20_400]
    #expect(times.withLock { $0 } == expected.map { .milliseconds($0) })
  }

  @Test func `attempts that were cancelled are no failures`() async throws {
    let count = Mutex(0)
    try await RunningServer.run { request in
      let count = count.withLock { count in
        count += 1
        return count
      }
      if (2...5).contains(count) { try await sleep(for: .seconds(5)) }
      return .events { try await $0.send(data: "\(count)") }
    } _: { server in
      try await withHTTPSession { session in
        var configuration = ServerSentEventsConfiguration()
        configuration.maximumAttempts = 2
        configuration.reconnectionTime = .milliseconds(500)
        var events = session.events(from: server.url, configuration: configuration).makeAsyncIterator()
        var found: [String] = []
        while found.count < 2 {
          do {
            if let event = try await withTimeout(.seconds(1), { try await events.next() }) {
              found.append(event.data)
            }
          } catch is TimeoutError {}
        }
        #expect(found == ["1", "6"])
      }
    }
  }

  @Test func `what is no event stream is an error at once`() async throws {
    try await RunningServer.run { request in
      request.path == "/404" ? HTTPServerResponse(status: .notFound) : HTTPServerResponse(text: "hello")
    } _: { server in
      try await withHTTPSession { session in
        for (path, code) in [("/404", HTTPError.Code.unsuccessfulStatus), ("/text", .noEventStream)] {
          do {
            for try await event in session.events(from: server.url + path) { Issue.record("\(event)") }
            Issue.record("ended in order")
          } catch let error as HTTPError {
            #expect(error.code == code)
          }
        }
      }
    }
  }

  @Test func `an answer to POST is not asked for twice`() async throws {
    let count = Mutex(0)
    try await RunningServer.run { request in
      count.withLock { $0 += 1 }
      return .events { writer in for word in ["a", "b"] { try await writer.send(data: word) } }
    } _: { server in
      try await withHTTPSession { session in
        var found: [String] = []
        for try await event in session.events(from: server.url, method: .post, body: .text("question")) {
          found.append(event.data)
        }
        #expect(found == ["a", "b"])
      }
    }
    #expect(count.withLock { $0 } == 1)
  }

  @Test func `the server's gentle end ends the events in order`() async throws {
    try await RunningServer.run { request in
      .events { writer in
        for number in 1... {
          try await writer.send(data: "\(number)")
          try await sleep(for: .seconds(1))
        }
      }
    } _: { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      try await stream.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      try await sleep(for: .milliseconds(1500))
      server.server.close()
      try await server.serving.value
      let text = try await stream.readToEnd()
      #expect(text.hasSuffix("data: 2\n\n\r\n0\r\n\r\n"))
    }
  }

  @Test func `a client that has gone ends the handler`() async throws {
    let ended = AsyncEvent()
    try await RunningServer.run { request in
      .events { writer in
        defer { ended.set() }
        try await sleep(for: .seconds(10_000))
      }
    } _: { server in
      try await withHTTPSession { session in
        let task = createTask { for try await _ in session.events(from: server.url) {} }
        try await sleep(for: .seconds(1))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
      }
      // By the second comment at the latest.
      try await withTimeout(.seconds(60)) { try await ended.wait() }
    }
  }
}
