import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

/// A server that ends in the middle of its work: what was begun is finished, and nothing is handled and not answered.
@Suite(.virtualTime) struct HTTPServerShutdownTests {
  /// What the clients of a test have seen.
  private struct Counts {
    var handled = 0
    var answered = 0
    var refused = 0
  }

  /// Sends requests over one kept connection until it ends; each is answered as a whole, or not at all.
  private static func ask(
    _ port: Int, counting counts: borrowing Mutex<Counts>, pause: Duration
  ) async throws {
    let stream: TCPStream
    do {
      stream = try await TCPStream.connect(host: "127.0.0.1", port: port)
    } catch is IOError {
      // It listens no more.
      return
    }
    defer { stream.close() }
    while true {
      var answer: [UInt8] = []
      do {
        try await stream.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        while !answer.ends(with: "answer".utf8) {
          if try await stream.read(appendingTo: &answer, atMost: 4096) == 0 { break }
        }
      } catch is IOError {
        // Reset: below.
      }
      if answer.isEmpty {
        counts.withLock { $0.refused += 1 }
        return
      }
      #expect(answer.ends(with: "answer".utf8), "an answer that was begun is whole")
      counts.withLock { $0.answered += 1 }
      if String(decoding: answer, as: UTF8.self).contains("Connection: close\r\n") { return }
      try await sleep(for: pause)
    }
  }

  @Test(arguments: 0..<20) func `under load no request is handled and not answered`(_ number: Int)
    async throws
  {
    let counts = Mutex(Counts())
    let handler: HTTPServer.Handler = { _ in
      counts.withLock { $0.handled += 1 }
      try await sleep(for: .milliseconds(10))
      return HTTPServerResponse(text: "answer")
    }
    try await RunningServer.run(allowsHalfClose: false, handler: handler) { server in
      try await withTaskScope { scope in
        for client in 0..<20 {
          scope.createTask {
            try await sleep(for: .milliseconds(client))
            try await Self.ask(server.port, counting: counts, pause: .milliseconds(client % 3))
          }
        }
        try await sleep(for: .milliseconds(60) + .microseconds(700 * number))
        await server.server.shutdown(grace: .seconds(5))
        try await server.serving.value
      }
    }
    let end = counts.withLock { $0 }
    #expect(end.handled == end.answered)
    #expect(end.answered >= 20)
  }

  @Test(arguments: 0..<12)
  func `a client that sends as its idle connection is closed knows that nothing was done`(
    _ steps: Int
  ) async throws {
    let counts = Mutex(Counts())
    let handler: HTTPServer.Handler = { _ in
      counts.withLock { $0.handled += 1 }
      return HTTPServerResponse(text: "answer")
    }
    try await RunningServer.run(allowsHalfClose: false, handler: handler) { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      defer { stream.close() }
      try await stream.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
      _ = try await stream.read(until: "answer")
      await settle()
      let closing = createTask {
        for _ in 0..<steps { try await checkpoint() }
        server.server.close()
      }
      for _ in 0..<5 { try await checkpoint() }
      var answer = ""
      do {
        try await stream.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        answer = try await stream.readToEnd()
      } catch is IOError {
        // Closed before the request was written.
      }
      try await closing.value
      try await server.serving.value
      let handled = counts.withLock { $0.handled }
      if handled == 2 {
        #expect(answer.hasSuffix("answer"))
        #expect(answer.contains("Connection: close\r\n"))
      } else {
        #expect(handled == 1)
        #expect(answer == "" || answer == "(reset)")
      }
    }
  }

  @Test func `a request that has come when the server closes is answered`() async throws {
    let handler: HTTPServer.Handler = { _ in HTTPServerResponse(text: "answer") }
    try await RunningServer.run(allowsHalfClose: false, handler: handler) { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      defer { stream.close() }
      try await stream.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
      _ = try await stream.read(until: "answer")
      await settle()
      // In the same turn of the loop: it is in the socket, and the server has not looked.
      try await stream.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
      server.server.close()
      let answer = try await stream.readToEnd()
      #expect(answer.hasSuffix("answer"))
      #expect(answer.contains("Connection: close\r\n"))
    }
  }

  @Test func `a session loses no request to a server that is replaced`() async throws {
    let handler: HTTPServer.Handler = { _ in
      try await sleep(for: .milliseconds(5))
      return HTTPServerResponse(text: "answer")
    }
    let first = try HTTPServer(TCPListener(port: 0, sharesPort: true), handler: handler)
    let port = first.localAddress.port
    let second = try HTTPServer(TCPListener(port: port, sharesPort: true), handler: handler)
    try await withTaskScope { scope in
      scope.createTask { try await first.serve() }
      let last = scope.createTask { try await second.serve() }
      try await withHTTPSession { session in
        let asking = scope.createTask {
          try await gather(Array(0..<200), limit: 10) { _ in
            try await session.get("http://127.0.0.1:\(port)/").text
          }
        }
        try await sleep(for: .milliseconds(30))
        await first.shutdown(grace: .seconds(1))
        let answers = try await asking.value
        #expect(answers == Array(repeating: "answer", count: 200))
      }
      await second.shutdown(grace: .seconds(1))
      try await last.value
    }
  }

  @Test func `what does not end in time is cancelled`() async throws {
    let cancelled = Mutex(false)
    let handler: HTTPServer.Handler = { _ in
      defer { cancelled.withLock { $0 = Task.isCancelled } }
      try await sleep(for: .seconds(3600))
      return HTTPServerResponse()
    }
    try await RunningServer.run(allowsHalfClose: false, handler: handler) { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      defer { stream.close() }
      try await stream.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
      try await sleep(for: .seconds(1))
      let start = LoopClock.now
      await server.server.shutdown(grace: .seconds(7))
      #expect(start.duration(to: .now) == .seconds(7))
      #expect(cancelled.withLock { $0 })
      _ = try? await server.serving.value
      let answer = try await stream.readToEnd()
      #expect(answer == "")
    }
  }
}
