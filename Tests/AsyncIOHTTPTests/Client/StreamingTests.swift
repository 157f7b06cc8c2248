import AsyncIOCoordination
@testable import AsyncIOHTTP
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

/// Bodies that come and go piece by piece.
@Suite(.virtualTime) struct StreamingTests {
  private static func pieces(_ count: Int, of size: Int) -> HTTPServerResponse {
    HTTPServerResponse(fields: [.contentType: "text/plain"]) { writer in
      for number in 0..<count {
        try await writer.write([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size))
      }
      writer.trailers = [.eTag: "last"]
    }
  }

  // MARK: Down

  @Test(arguments: [(0, 1), (1, 1), (3, 100), (50, 20_000)])
  func `a body comes in pieces, with its trailers`(_ count: Int, _ size: Int) async throws {
    try await RunningServer.run(handler: { _ in Self.pieces(count, of: size) }) { server in
      try await withHTTPSession { session async throws in
        for _ in 0..<2 {
          let (bytes, trailer) = try await session.stream(.get, server.url) { response in
            #expect(
              response.status == .ok && response[.contentType] == "text/plain" && response.length == nil)
            var bytes: [UInt8] = []
            for try await piece in response.body {
              #expect(!piece.isEmpty)
              bytes += piece
            }
            return (bytes, response.trailers[.eTag])
          }
          #expect(bytes.count == count * size)
          #expect(bytes == (0..<count).flatMap { [UInt8](repeating: UInt8($0), count: size) })
          #expect(trailer == "last")
        }
        await settle()
        let open = try openSockets(port: server.port)
        #expect(open == 2, "one connection, with its two ends, served both")
      }
    }
  }

  @Test func `pieces come as they are sent`() async throws {
    try await RunningServer.run(handler: { _ in
      HTTPServerResponse { writer in
        for number in 0..<3 {
          try await writer.write("\(number)")
          try await sleep(for: .seconds(10))
        }
      }
    }) { server in
      try await withHTTPSession { session async throws in
        let start = LoopClock.now
        var times: [Duration] = []
        // Thirty seconds in all, with a session that gives thirty for each piece.
        try await session.stream(.get, server.url) { response in
          for try await _ in response.body { times.append(start.duration(to: .now)) }
        }
        #expect(times == [.zero, .seconds(10), .seconds(20)])
      }
    }
  }

  @Test func `a server that is faster waits`() async throws {
    let written = Mutex(0)
    try await RunningServer.run(handler: { _ in
      HTTPServerResponse { writer in
        for _ in 0..<1000 {
          try await writer.write([UInt8](repeating: 1, count: 64 * 1024))
          written.withLock { $0 += 1 }
        }
      }
    }) { server in
      try await withHTTPSession { session async throws in
        try await session.stream(.get, server.url) { response in
          var iterator = response.body.makeAsyncIterator()
          _ = try await iterator.next()
          try await sleep(for: .seconds(5))
          // What the system's buffers hold, which is less than the 64 MB of the body.
          let count = written.withLock { $0 }
          #expect(count < 500)
        }
      }
    }
  }

  @Test(arguments: [true, false])
  func `a body that is left early costs its connection, unless the rest is there`(_ isShort: Bool)
    async throws
  {
    try await ScriptedPeer.run { connection in
      while try await connection.readHead() != nil {
        try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + (isShort ? "abcd" : "ab"))
      }
    } _: { peer in
      try await withHTTPSession { session async throws in
        for _ in 0..<3 {
          let status = try await session.stream(.get, peer.url) { response in
            try await sleep(for: .seconds(1))
            return response.status
          }
          #expect(status == .ok)
        }
        #expect(peer.connectionCount == (isShort ? 1 : 3))
        await settle()
        let open = try openSockets(port: peer.port)
        #expect(open == (isShort ? 2 : 0))
      }
    }
  }

  @Test func `an error of the closure is thrown and closes the connection`() async throws {
    struct Unwanted: Error {}
    try await RunningServer.run(handler: { _ in Self.pieces(100, of: 65_536) }) { server in
      try await withHTTPSession { session async throws in
        _ = await #expect(throws: Unwanted.self) {
          try await session.stream(.get, server.url) { response in
            for try await _ in response.body { throw Unwanted() }
          }
        }
        await settle()
        let open = try openSockets(port: server.port)
        #expect(open == 0)
        let again = try await session.stream(.get, server.url) {
          try await $0.body.collect(upTo: 10_000_000).count
        }
        #expect(again == 6_553_600)
      }
    }
  }

  @Test func `a body cannot be read after its scope`() async throws {
    try await RunningServer.run(handler: { _ in Self.pieces(3, of: 100_000) }) { server in
      try await withHTTPSession { session async throws in
        let body = try await session.stream(.get, server.url) { $0.body }
        let error = await #expect(throws: HTTPError.self) { try await body.collect(upTo: 1000) }
        #expect(error?.code == .streamEnded)
      }
    }
  }

  @Test func `a cancelled reader closes its connection`() async throws {
    try await RunningServer.run(handler: { _ in
      HTTPServerResponse { writer in
        try await writer.write("a")
        try await sleep(for: .seconds(1000))
      }
    }) { server in
      try await withHTTPSession { session async throws in
        let reader = createTask {
          try await session.stream(.get, server.url) { response in
            for try await _ in response.body {}
          }
        }
        try await sleep(for: .seconds(1))
        reader.cancel()
        _ = await #expect(throws: CancellationError.self) { try await reader.value }
        await settle()
        let open = try openSockets(port: server.port)
        #expect(open == 1, "the server's end, whose handler sleeps")
      }
    }
  }

  @Test(arguments: [Duration.seconds(3), nil])
  func `time of its own is for everything, the session's for each piece`(_ timeout: Duration?) async throws {
    try await RunningServer.run(handler: { _ in
      HTTPServerResponse { writer in
        for seconds in [1, 1, 1, 1, 6] {
          try await writer.write("a")
          try await sleep(for: .seconds(seconds))
        }
      }
    }) { server in
      var configuration = HTTPSession.Configuration()
      configuration.timeout = .seconds(5)
      try await withHTTPSession(configuration) { session async throws in
        let start = LoopClock.now
        let error = await #expect(throws: TimeoutError.self) {
          try await session.stream(.get, server.url, timeout: timeout) { response in
            for try await _ in response.body {}
          }
        }
        #expect(error == TimeoutError(after: timeout ?? .seconds(5)))
        #expect(start.duration(to: .now) == timeout ?? .seconds(9))
      }
    }
  }

  private enum Limit: CaseIterable { case session, read, readAndRequest, silence }

  @Test(arguments: Limit.allCases)
  private func `what a reader does with a piece takes as long as it likes`(_ limit: Limit) async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
      for _ in 0..<6 {
        try await connection.send("9\r\ndata: a\n\n\r\n")
        try await sleep(for: .seconds(4))
      }
      try await sleep(for: .seconds(1000))
    } _: { peer in
      var configuration = HTTPSession.Configuration()
      if limit == .session { configuration.timeout = .seconds(5) }
      if limit == .read || limit == .readAndRequest { configuration.phaseTimeouts.read = .seconds(5) }
      try await withHTTPSession(configuration) { session async throws in
        let count = Mutex(0)
        let busy: @Sendable (Int) async throws -> Void = { added in
          count.withLock { $0 += added }
          try await sleep(for: .seconds(6))
        }
        let start = LoopClock.now
        let error = await #expect(throws: TimeoutError(after: .seconds(5))) {
          if limit == .silence {
            var events = ServerSentEventsConfiguration()
            events.silenceTimeout = .seconds(5)
            events.reconnects = false
            for try await _ in session.events(from: peer.url, configuration: events) { try await busy(9) }
          } else {
            let timeout: Duration? = limit == .readAndRequest ? .seconds(200) : nil
            try await session.stream(.get, peer.url, timeout: timeout) { response in
              try await busy(0)
              for try await piece in response.body { try await busy(piece.count) }
            }
          }
        }
        #expect(error?.cause is HTTPError)
        #expect(count.withLock { $0 } == 54)
        // The silence after the last piece is what was too long.
        #expect(start.duration(to: .now) >= .seconds(31))
      }
    }
  }

  @Test func `time of its own goes on while the reader is busy`() async throws {
    try await RunningServer.run(handler: { _ in Self.pieces(100, of: 65_536) }) { server in
      var configuration = HTTPSession.Configuration()
      configuration.phaseTimeouts.read = .seconds(5)
      try await withHTTPSession(configuration) { session async throws in
        let start = LoopClock.now
        await #expect(throws: TimeoutError(after: .seconds(10))) {
          try await session.stream(.get, server.url, timeout: .seconds(10)) { response in
            for try await _ in response.body { try await sleep(for: .seconds(6)) }
          }
        }
        #expect(start.duration(to: .now) == .seconds(12))
      }
    }
  }

  @Test(arguments: ["a\r\nbc\n\nd", "a\r\nbc\n\nd\n"])
  func `lines are found wherever pieces are cut`(_ text: String) async throws {
    for size in 1...text.utf8.count {
      try await RunningServer.run(handler: { _ in
        HTTPServerResponse { writer in
          var rest = Array(text.utf8)[...]
          while !rest.isEmpty {
            try await writer.write(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
            try await sleep(for: .milliseconds(1))
          }
        }
      }) { server in
        try await withHTTPSession { session async throws in
          let lines = try await session.stream(.get, server.url) { response in
            var lines: [String] = []
            for try await line in response.body.lines() { lines.append(line) }
            return lines
          }
          #expect(lines == ["a", "bc", "", "d"])
        }
      }
    }
  }

  @Test func `a line without an end is refused`() async throws {
    try await RunningServer.run(handler: { _ in Self.pieces(3, of: 100) }) { server in
      try await withHTTPSession { session async throws in
        _ = await #expect(throws: HTTPBodyLimitError(limit: 150)) {
          try await session.stream(.get, server.url) { response in
            for try await _ in response.body.lines(upTo: 150) {}
          }
        }
      }
    }
  }

  // MARK: Up

  private static func numbers(_ count: Int, length: Int? = nil) -> HTTPRequestBody {
    .stream(length: length) { writer in for number in 0..<count { try await writer.write("\(number % 10)") } }
  }

  @Test(arguments: [nil, 50])
  func `a body is written piece by piece`(_ length: Int?) async throws {
    try await RunningServer.run(handler: { VerbTests.mirror($0) }) { server in
      try await withHTTPSession { session async throws in
        for _ in 0..<2 {
          let text = try await session.post(server.url, body: Self.numbers(50, length: length)).text
          #expect(text.contains(length == nil ? "transfer-encoding: chunked" : "content-length: 50"))
          #expect(text.hasSuffix("\n\n" + String(repeating: "0123456789", count: 5)))
        }
        let open = try openSockets(port: server.port)
        #expect(open == 2)
      }
    }
  }

  @Test func `a sequence is a body`() async throws {
    try await RunningServer.run(handler: { VerbTests.mirror($0) }) { server in
      try await withHTTPSession { session async throws in
        let queue = AsyncQueue<[UInt8]>(capacity: 2)
        let producer = createTask {
          for text in ["a", "bc", "", "d"] { try await queue.put(Array(text.utf8)) }
          queue.shutdown()
        }
        let text = try await session.put(server.url, body: .sequence(queue)).text
        #expect(text.hasSuffix("\n\nabcd"))
        try await producer.value
      }
    }
  }

  @Test(arguments: [49, 51])
  func `a length that is wrong is an error, and the connection is closed`(_ length: Int) async throws {
    try await RunningServer.run(handler: { VerbTests.mirror($0) }) { server in
      try await withHTTPSession { session async throws in
        let error = await #expect(throws: HTTPBodyLengthError.self) {
          try await session.post(server.url, body: Self.numbers(50, length: length))
        }
        #expect(error == HTTPBodyLengthError(announced: length, written: 50))
        await settle()
        let open = try openSockets(port: server.port)
        #expect(open == 0)
      }
    }
  }

  @Test func `an error of the writer is the request's`() async throws {
    struct NoMore: Error {}
    try await RunningServer.run(handler: { VerbTests.mirror($0) }) { server in
      try await withHTTPSession { session async throws in
        _ = await #expect(throws: NoMore.self) {
          try await session.post(
            server.url,
            body: .stream { writer in
              try await writer.write("a")
              throw NoMore()
            })
        }
        #expect(try await session.get(server.url).status == .ok)
      }
    }
  }

  /// More than the system keeps of what nobody reads.
  private static let large = [UInt8](repeating: 7, count: 32 * 1024 * 1024)

  @Test func `a large body may be answered while it comes`() async throws {
    try await ScriptedPeer.run { connection in
      while let head = try await connection.readHead() {
        #expect(head.contains("Content-Length: \(Self.large.count)"))
        try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.large.count)\r\n\r\n")
        var rest = Self.large.count
        while rest > 0 {
          let piece = try await connection.stream.read(atMost: min(rest, 65_536))
          guard !piece.isEmpty else { return }
          // Reads on when this was taken.
          try await connection.stream.write(piece)
          rest -= piece.count
        }
      }
    } _: { peer in
      try await withHTTPSession { session async throws in
        for _ in 0..<2 {
          let response = try await session.post(peer.url, body: .bytes(Self.large))
          #expect(response.body == Self.large)
        }
        #expect(peer.connectionCount == 1)
      }
    }
  }

  @Test func `a large body that is not wanted ends with the answer`() async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
      // Neither reads on nor closes.
      try await sleep(for: .seconds(100))
    } _: { peer in
      try await withHTTPSession { session async throws in
        let start = LoopClock.now
        let response = try await session.post(peer.url, body: .bytes(Self.large))
        #expect(response.status.code == 413 && response.text == "no")
        #expect(start.duration(to: .now) < .seconds(1))
      }
    }
  }

  @Test(arguments: [true, false])
  func `the time for the first byte begins when the body was sent`(_ isThere: Bool) async throws {
    let count = 32 * 1024 * 1024
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await sleep(for: .seconds(10))
      var rest = count
      while rest > 0 { rest -= try await connection.stream.read(atMost: min(rest, 65_536)).count }
      try await sleep(for: .seconds(100))
    } _: { peer in
      var configuration = HTTPSession.Configuration()
      configuration.phaseTimeouts.firstByte = .seconds(3)
      try await withHTTPSession(configuration) { session async throws in
        let start = LoopClock.now
        let body: HTTPRequestBody =
          isThere ? .bytes(Self.large) : .stream(length: count) { try await $0.write(Self.large) }
        let error = await #expect(throws: TimeoutError(after: .seconds(3))) {
          try await session.post(peer.url, body: body)
        }
        #expect(start.duration(to: .now) == .seconds(13))
        let cause = error?.cause as? HTTPError
        #expect(cause?.message.hasPrefix("POST \(peer.url): waiting for the response (") == true)
        #expect(cause?.timings?.send == .seconds(10) && cause?.timings?.firstByte == .seconds(3))
      }
    }
  }

  @Test(arguments: ["Content-Length: 0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"])
  func `a writer is over when an early answer is returned`(_ answer: String) async throws {
    let ended = Mutex(0)
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.send("HTTP/1.1 200 OK\r\n" + answer)
      try await sleep(for: .seconds(100))
    } _: { peer in
      try await withHTTPSession { session async throws in
        let body = HTTPRequestBody.stream { writer in
          defer { ended.withLock { $0 += 1 } }
          do { while true { try await writer.write([UInt8](repeating: 0, count: 65_536)) } } catch {
            try? await withShield { try await sleep(for: .seconds(3)) }
            throw error
          }
        }
        #expect(try await session.post(peer.url, body: body).status == .ok)
        #expect(ended.withLock { $0 } == 1)
        let size = try await session.stream(.post, peer.url, requestBody: body) { response in
          try await response.body.collect(upTo: 10).count
        }
        #expect(size == (answer.hasPrefix("Content-Length") ? 0 : 2))
        #expect(ended.withLock { $0 } == 2)
      }
    }
  }

  @Test func `an early answer ends the upload and is heard`() async throws {
    let ended = Mutex(false)
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
      // Neither reads on nor closes.
      try await sleep(for: .seconds(100))
    } _: { peer in
      try await withHTTPSession { session async throws in
        let start = LoopClock.now
        let response = try await session.post(
          peer.url,
          body: .stream { writer in
            defer { ended.withLock { $0 = true } }
            while true { try await writer.write([UInt8](repeating: 0, count: 65_536)) }
          })
        #expect(response.status.code == 413 && response.text == "no")
        #expect(ended.withLock { $0 })
        #expect(start.duration(to: .now) < .seconds(1))
        _ = await #expect(throws: TimeoutError.self) { try await session.get(peer.url, timeout: .zero) }
      }
    }
  }

  @Test(arguments: [true, false])
  func `a body that waits for 100 goes when it comes, or after a second`(_ isSaid: Bool) async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      if isSaid {
        try await sleep(for: .milliseconds(300))
        try await connection.send("HTTP/1.1 100 Continue\r\n\r\n")
      }
      let body = try await connection.stream.read(atMost: 10)
      try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
      try await connection.stream.write(body)
    } _: { peer in
      try await withHTTPSession { session async throws in
        let start = LoopClock.now
        let response = try await session.put(
          peer.url, body: .stream(length: 3) { try await $0.write("abc") }, fields: [.expect: "100-continue"])
        #expect(response.text == "abc")
        #expect(start.duration(to: .now) == (isSaid ? .milliseconds(300) : .seconds(1)))
      }
    }
  }

  @Test func `a cancelled upload ends its writer`() async throws {
    let ended = Mutex(false)
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.waitForEnd()
    } _: { peer in
      try await withHTTPSession { session async throws in
        let sender = createTask {
          try await session.post(
            peer.url,
            body: .stream { writer in
              defer { ended.withLock { $0 = true } }
              try await writer.write("a")
              try await sleep(for: .seconds(1000))
            })
        }
        try await sleep(for: .seconds(1))
        sender.cancel()
        _ = await #expect(throws: CancellationError.self) { try await sender.value }
        #expect(ended.withLock { $0 }, "the writer is over before the call returns")
      }
    }
  }
}
