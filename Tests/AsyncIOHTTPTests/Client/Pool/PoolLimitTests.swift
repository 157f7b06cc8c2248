import AsyncIOCoordination
@testable import AsyncIOHTTP
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

/// The limit for all hosts together, the age of connections, and what cancellations leave behind.
@Suite(.virtualTime) struct PoolLimitTests {
  private static let ok = HTTPConnectionPoolTests.ok

  private static func limits(each: Int, all: Int) -> HTTPSession.Configuration {
    var configuration = HTTPSession.Configuration()
    configuration.connectionsPerHost = each
    configuration.connections = all
    return configuration
  }

  /// Three peers that answer a second after they were asked, and note how many connections are open in all.
  private static func runPeers(
    delay: Duration = .seconds(1),
    _ body: ([String], _ mostOpen: @escaping @Sendable () -> Int) async throws -> Void
  ) async throws {
    let gauge = Mutex((now: 0, most: 0))
    let script: @Sendable (ScriptedPeer.Connection) async throws -> Void = { connection in
      gauge.withLock {
        $0.now += 1
        $0.most = max($0.most, $0.now)
      }
      defer { gauge.withLock { $0.now -= 1 } }
      while try await connection.readHead() != nil {
        try await sleep(for: delay)
        try await connection.send(ok)
      }
    }
    try await ScriptedPeer.run(script) { a in
      try await ScriptedPeer.run(script) { b in
        try await ScriptedPeer.run(script) { c in
          try await body([a.url, b.url, c.url]) { gauge.withLock { $0.most } }
        }
      }
    }
  }

  private static func count(_ session: HTTPSession) -> (all: Int, waiting: Int) {
    session.pool.state.withLock { state in
      (state.count, state.origins.values.reduce(0) { $0 + $1.waiters.count })
    }
  }

  @Test func `the limit for all holds over hosts, and who waits is served in turn`() async throws {
    try await Self.runPeers { urls, mostOpen in
      let order = Mutex<[Int]>([])
      let start = LoopClock.now
      try await withHTTPSession(Self.limits(each: 10, all: 2)) { session async throws in
        _ = try await gather(Array(0..<12)) { number in
          _ = try await session.get(urls[number % 3])
          order.withLock { $0.append(number) }
        }
        #expect(Self.count(session) == (2, 0))
      }
      #expect(start.duration(to: .now) == .seconds(6))
      #expect(order.withLock { $0 } == Array(0..<12))
      // A connection that is closed here is seen there a moment later.
      #expect(mostOpen() <= 4)
    }
  }

  @Test func `a connection that rests elsewhere gives its place`() async throws {
    try await Self.runPeers { urls, _ in
      try await withHTTPSession(Self.limits(each: 10, all: 2)) { session async throws in
        let start = LoopClock.now
        for url in urls + urls { _ = try await session.get(url) }
        #expect(start.duration(to: .now) == .seconds(6))
        #expect(Self.count(session) == (2, 0))
        // The two used last are kept.
        await settle()
        let open = try urls.map { try openSockets(port: HTTPURL($0).port) }
        #expect(open == [0, 2, 2])
      }
    }
  }

  @Test func `a host that is busy all the time does not starve the others`() async throws {
    try await Self.runPeers { urls, _ in
      try await withHTTPSession(Self.limits(each: 10, all: 1)) { session async throws in
        let busy = createTask { _ = try await gather(Array(0..<20)) { _ in try await session.get(urls[0]) } }
        try await sleep(for: .milliseconds(500))
        let start = LoopClock.now
        let late = createTask { try await session.get(urls[0]) }
        _ = try await session.get(urls[1])
        #expect(start.duration(to: .now) == .milliseconds(20_500))
        _ = try await late.value
        try await busy.value
      }
    }
  }

  @Test func `a starving request that gives up leaves nothing behind`() async throws {
    try await Self.runPeers { urls, _ in
      try await withHTTPSession(Self.limits(each: 10, all: 1)) { session async throws in
        let first = createTask { try await session.get(urls[0]) }
        await settle()
        let second = createTask { try await session.get(urls[1]) }
        let third = createTask { try await session.get(urls[2]) }
        try await sleep(for: .milliseconds(500))
        second.cancel()
        _ = await #expect(throws: CancellationError.self) { try await second.value }
        _ = try await first.value
        _ = try await third.value
        #expect(Self.count(session) == (1, 0))
      }
    }
  }

  @Test func `a host that cannot be reached gives its place to the next`() async throws {
    try await Self.runPeers { urls, _ in
      try await withHTTPSession(Self.limits(each: 10, all: 1)) { session async throws in
        let results = try await gatherResults([
          "http://127.0.0.1:1/", urls[0], "http://127.0.0.1:1/", urls[1],
        ]) {
          try await session.get($0).text
        }
        #expect(results.map { (try? $0.get()) ?? "-" } == ["-", "ok", "-", "ok"])
      }
    }
  }

  @Test func `a connection that is old is not used again`() async throws {
    var configuration = HTTPSession.Configuration()
    configuration.maximumConnectionAge = .seconds(10)
    try await ScriptedPeer.run {
      try await $0.answer(Self.ok)
    } _: { peer in
      try await withHTTPSession(configuration) { session async throws in
        for _ in 0..<25 {
          _ = try await session.get(peer.url)
          try await sleep(for: .seconds(1))
        }
        #expect(peer.connectionCount == 3)
        try await sleep(for: .seconds(6))
        let open = try openSockets(port: peer.port)
        #expect(open == 0, "it is closed at its age, not only when it would be used")
      }
    }
  }

  // MARK: Cancellation

  /// The steps of a request take a second each, so that a cancellation after each half second meets each wait.
  @Test(arguments: 0..<14, [false, true])
  func `a cancellation at any moment leaks nothing`(_ halfSeconds: Int, _ isStream: Bool) async throws {
    try await ScriptedPeer.run { connection in
      while try await connection.readHead() != nil {
        try await sleep(for: .seconds(1))
        try await connection.send("HTTP/1.1 200 OK\r\n")
        try await sleep(for: .seconds(1))
        try await connection.send("Transfer-Encoding: chunked\r\n\r\n2\r\nok")
        try await sleep(for: .seconds(1))
        try await connection.send("\r\n0\r\n\r\n")
      }
    } _: { peer in
      try await withHTTPSession(Self.limits(each: 1, all: 1)) { session async throws in
        let url = peer.url
        @Sendable func fetch() async throws -> String {
          if !isStream { return try await session.get(url).text }
          return try await session.stream(.get, url) {
            String(decoding: try await $0.body.collect(upTo: 10), as: UTF8.self)
          }
        }
        // The second one waits for the first one's connection.
        let tasks = [createTask { try await fetch() }, createTask { try await fetch() }]
        try await sleep(for: .milliseconds(500 * halfSeconds))
        for task in tasks { task.cancel() }
        for task in tasks { _ = try? await task.value }
        let left = Self.count(session)
        #expect(left.waiting == 0 && left.all <= 1)
        #expect(try await fetch() == "ok", "the place is free")
        #expect(Self.count(session) == (1, 0))
      }
      await settle()
      let open = try openSockets(port: peer.port)
      #expect(open == 0)
    }
  }

  @Test func `a storm of requests, streams and cancellations leaves one pool in order`() async throws {
    try await Self.runPeers(delay: .milliseconds(7)) { urls, _ in
      try await withHTTPSession(Self.limits(each: 3, all: 5)) { session async throws in
        var generator = SeededGenerator(seed: 11)
        var tasks: [TaskHandle<Int>] = []
        for number in 0..<400 {
          let url = urls[Int.random(in: 0..<3, using: &generator)]
          let isLeft = Bool.random(using: &generator)
          let timeout = Duration.milliseconds(Int.random(in: 5...400, using: &generator))
          tasks.append(
            createTask {
              if number % 2 == 0 { return try await session.get(url, timeout: timeout).body.count }
              return try await session.stream(.get, url, timeout: timeout) { response in
                if isLeft { return 2 }
                return try await response.body.collect(upTo: 10).count
              }
            })
          if Bool.random(using: &generator) {
            try await sleep(for: .milliseconds(Int.random(in: 0...3, using: &generator)))
          }
          if Int.random(in: 0..<4, using: &generator) == 0 {
            tasks[Int.random(in: 0..<tasks.count, using: &generator)].cancel()
          }
        }
        var done = 0
        for task in tasks {
          if let size = try? await task.value {
            #expect(size == 2)
            done += 1
          }
        }
        #expect(done > 50)
        let left = Self.count(session)
        #expect(left.waiting == 0 && left.all <= 5)
        for url in urls { #expect(try await session.get(url).text == "ok") }
        session.pool.state.withLock { state in
          let counted = state.origins.values.reduce(0) { $0 + $1.count }
          #expect(counted == state.count && state.starving.isEmpty)
          for origin in state.origins.values { #expect(origin.leased.isEmpty && origin.dials.isEmpty) }
        }
      }
    }
  }
}
