import AsyncIOCoordination
@testable import AsyncIOHTTP
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

/// Retries, budgets, rates, places, hedging and breakers, all on the virtual clock.
@Suite(.virtualTime) struct PolicyTests {
  /// Runs a session with a policy in front of a mock.
  private static func run<Result>(
    _ policy: HTTPPolicy, timeout: Duration = .seconds(1000), answer: @escaping HTTPMock.Answer,
    _ body: (HTTPSession, HTTPMock) async throws -> Result
  ) async throws -> Result {
    let mock = HTTPMock()
    mock.on(nil, "*", answer)
    var configuration = HTTPSession.Configuration()
    configuration.timeout = timeout
    configuration.middleware = [.policy(policy), mock]
    return try await withHTTPSession(configuration) { try await body($0, mock) }
  }

  private static func retry(_ change: (inout HTTPRetry) -> Void = { _ in }) -> HTTPPolicy {
    var retry = HTTPRetry()
    retry.jitter = 0
    retry.delay = .seconds(1)
    change(&retry)
    return HTTPPolicy(retry: retry)
  }

  /// Answers with one status after another, the last one for good.
  private static func statuses(_ codes: [Int], fields: HTTPFields = [:]) -> HTTPMock.Answer {
    let rest = Mutex(codes)
    return { request in
      let code = rest.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
      return HTTPClientResponse(status: .init(code: code), fields: fields, to: request)
    }
  }

  // MARK: Retries

  @Test func `a failure that passes is waited out, longer each time`() async throws {
    let start = LoopClock.now
    try await Self.run(Self.retry { $0.attempts = 4 }, answer: Self.statuses([503, 500, 429, 200])) {
      session, mock async throws in
      #expect(try await session.get("http://h/").status == .ok)
      #expect(mock.requests.count == 4)
      #expect(start.duration(to: .now) == .seconds(1 + 2 + 4))
    }
  }

  @Test func `the last answer is returned when there are no more attempts`() async throws {
    try await Self.run(Self.retry(), answer: Self.statuses([503])) { session, mock async throws in
      #expect(try await session.get("http://h/").status.code == 503)
      #expect(mock.requests.count == 3)
    }
  }

  @Test(arguments: [
    (HTTPRequest.Method.post, 503, 1), (.post, 429, 3), (.put, 503, 3), (.get, 404, 1), (.get, 501, 1),
  ])
  func `only what may be sent twice is`(_ method: HTTPRequest.Method, _ code: Int, _ count: Int) async throws
  {
    try await Self.run(Self.retry(), answer: Self.statuses([code])) { session, mock async throws in
      _ = try await session.send(session.request(method, "http://h/"))
      #expect(mock.requests.count == count)
    }
  }

  @Test func `a stream that can be sent once only is not sent again`() async throws {
    try await Self.run(Self.retry(), answer: Self.statuses([503])) { session, mock async throws in
      _ = try await session.put("http://h/", body: .stream { try await $0.write("a") })
      #expect(mock.requests.count == 1)
    }
  }

  @Test(arguments: [("7", 7), ("0", 1), ("Sun, 06 Nov 1994 08:49:57 GMT", 20), ("soon", 1)])
  func `Retry-After is kept to`(_ text: String, _ seconds: Int) async throws {
    let fields: HTTPFields = [.retryAfter: text, .date: "Sun, 06 Nov 1994 08:49:37 GMT"]
    let start = LoopClock.now
    try await Self.run(Self.retry { $0.attempts = 2 }, answer: Self.statuses([503, 200], fields: fields)) {
      session, _ async throws in
      #expect(try await session.get("http://h/").status == .ok)
      #expect(start.duration(to: .now) == .seconds(seconds))
    }
  }

  @Test func `a wait that is too long is not begun`() async throws {
    let start = LoopClock.now
    try await Self.run(Self.retry(), answer: Self.statuses([503], fields: [.retryAfter: "61"])) {
      session, mock async throws in
      #expect(try await session.get("http://h/").status.code == 503)
      #expect(mock.requests.count == 1)
    }
    try await Self.run(Self.retry(), timeout: .seconds(2), answer: Self.statuses([503])) {
      session, mock async throws in
      #expect(try await session.get("http://h/").status.code == 503)
      #expect(mock.requests.count == 2, "the third would come after the end of the time")
    }
    #expect(start.duration(to: .now) == .seconds(1))
  }

  @Test func `a budget limits attempts of all together`() async throws {
    let policy = Self.retry {
      $0.attempts = 2
      $0.budget = HTTPRetryBudget(ratio: 0.1, reserve: 5)
    }
    try await Self.run(policy, answer: Self.statuses([503])) { session, mock async throws in
      for _ in 0..<100 { _ = try await session.get("http://h/") }
      // Five were saved up, and a hundred requests pay in ten, of which five find the reserve full.
      #expect((110...115).contains(mock.requests.count), "\(mock.requests.count)")
    }
  }

  @Test func `jitter keeps within its part`() {
    var retry = HTTPRetry()
    retry.delay = .seconds(1)
    retry.maximumDelay = .seconds(10)
    for attempt in 1...8 {
      let full = min(Duration.seconds(1 << (attempt - 1)), .seconds(10))
      let waits = (0..<200).map { _ in retry.backoff(after: attempt) }
      #expect(waits.allSatisfy { $0 > full * 0.49 && $0 <= full })
      #expect(Set(waits).count > 100)
    }
    #expect(retry.backoff(after: 1000) <= .seconds(10))
  }

  @Test func `what was lost is fetched again from a real server`() async throws {
    try await ScriptedPeer.run { connection in
      guard try await connection.readHead() != nil else { return }
      switch connection.number {
      case 0: return
      case 1: try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
      default: try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      }
    } _: { peer in
      var configuration = HTTPSession.Configuration()
      configuration.middleware = [.policy(Self.retry())]
      try await withHTTPSession(configuration) { session async throws in
        #expect(try await session.get(peer.url).text == "ok")
        #expect(peer.connectionCount == 3)
      }
    }
  }

  @Test func `a wait between attempts ends with its task`() async throws {
    try await Self.run(Self.retry { $0.delay = .seconds(15) }, answer: Self.statuses([503])) {
      session, mock async throws in
      let task = createTask { try await session.get("http://h/") }
      try await sleep(for: .seconds(5))
      task.cancel()
      _ = await #expect(throws: CancellationError.self) { try await task.value }
      #expect(mock.requests.count == 1)
    }
  }

  // MARK: Rates and places

  @Test func `a rate spaces requests, for each host`() async throws {
    let policy = HTTPPolicy(rate: HTTPRate(2, per: .seconds(1), burst: 1))
    let start = LoopClock.now
    try await Self.run(policy, answer: Self.statuses([200])) { session, _ async throws in
      _ = try await gather(Array(0..<10)) { try await session.get("http://h\($0 % 2)/") }
    }
    #expect(start.duration(to: .now) == .seconds(2))
  }

  @Test func `places limit what is under way, for each host`() async throws {
    let gauge = Mutex((now: 0, most: 0))
    try await Self.run(HTTPPolicy(concurrency: .fixed(3))) { request in
      gauge.withLock {
        $0.now += 1
        $0.most = max($0.most, $0.now)
      }
      defer { gauge.withLock { $0.now -= 1 } }
      try await sleep(for: .seconds(1))
      return HTTPClientResponse(to: request)
    } _: { session, _ async throws in
      let start = LoopClock.now
      _ = try await gather(Array(0..<12)) { _ in try await session.get("http://h/") }
      #expect(start.duration(to: .now) == .seconds(4))
      #expect(gauge.withLock { $0.most } == 3)
    }
  }

  private static let turns = [
    HTTPPolicy(concurrency: .fixed(1), breaker: HTTPCircuitBreaker(failures: 1)),
    HTTPPolicy(rate: HTTPRate(1, per: .seconds(100)), breaker: HTTPCircuitBreaker(failures: 1)),
  ]

  @Test(arguments: turns.indices)
  func `time that runs out before a request has its turn is no failure of the server`(_ number: Int)
    async throws
  {
    try await Self.run(Self.turns[number], timeout: .seconds(5)) { request in
      try await sleep(for: .seconds(4))
      return HTTPClientResponse(to: request)
    } _: { session, mock async throws in
      let first = createTask { try await session.get("http://h/").status }
      try await sleep(for: .seconds(1))
      let start = LoopClock.now
      let last = createTask { try await session.get("http://h/", timeout: .seconds(2)).status }
      let error = await #expect(throws: TimeoutError(after: .seconds(2))) { try await last.value }
      #expect(start.duration(to: .now) == .seconds(2))
      #expect(
        (error?.cause as? HTTPError)?.message
          == "GET http://h/: waiting in a middleware (before this exchange 2.0 s)")
      #expect(try await first.value == .ok)
      #expect(mock.requests.count == 1)
      let late = createTask { try await session.get("http://h/") }
      try await sleep(for: .milliseconds(1))
      late.cancel()
      // Not by the breaker, which would have refused it at once.
      await #expect(throws: CancellationError.self) { try await late.value }
    }
  }

  @Test func `places follow what a server bears`() async throws {
    // Bears eight at once, and says 503 to more.
    let gauge = Mutex((now: 0, most: 0, refused: 0))
    try await Self.run(HTTPPolicy(concurrency: .adaptive(minimum: 1, maximum: 50))) { request in
      let isRefused = gauge.withLock { gauge in
        gauge.now += 1
        gauge.most = max(gauge.most, gauge.now)
        if gauge.now > 8 { gauge.refused += 1 }
        return gauge.now > 8
      }
      defer { gauge.withLock { $0.now -= 1 } }
      try await sleep(for: .milliseconds(isRefused ? 1 : 50))
      return HTTPClientResponse(status: isRefused ? .serviceUnavailable : .ok, to: request)
    } _: { session, _ async throws in
      let start = LoopClock.now
      _ = try await gather(Array(0..<2000), limit: 100) { _ in try await session.get("http://h/") }
      let time = start.duration(to: .now)
      let (most, refused) = gauge.withLock { ($0.most, $0.refused) }
      #expect((8...12).contains(most), "\(most) at once")
      #expect(refused < 200, "\(refused) refused")
      // Eight at once need 12.5 s; one at a time a hundred.
      #expect(time < .seconds(25), "\(time)")
    }
  }

  @Test func `places follow a server that does not answer`() async throws {
    let gauge = Mutex((now: 0, most: 0))
    try await RunningServer.run(handler: { request in
      if request.path == "/silent" { try await sleep(for: .seconds(1000)) }
      gauge.withLock {
        $0.now += 1
        $0.most = max($0.most, $0.now)
      }
      try await sleep(for: .seconds(1))
      gauge.withLock { $0.now -= 1 }
      return HTTPServerResponse()
    }) { server in
      var configuration = HTTPSession.Configuration()
      configuration.timeout = .seconds(100)
      configuration.middleware = [.policy(HTTPPolicy(concurrency: .adaptive(minimum: 1, maximum: 4)))]
      try await withHTTPSession(configuration) { session async throws in
        _ = try await gather(Array(0..<30)) { _ in try await session.get(server.url) }
        #expect(gauge.withLock { $0.most } == 4)
        let results = try await gatherResults(Array(0..<4)) { _ in
          try await session.get(server.url + "/silent", timeout: .seconds(3))
        }
        #expect(results.allSatisfy { result in (try? result.get()) == nil })
        gauge.withLock { $0 = (0, 0) }
        let requests = (0..<4).map { _ in createTask { try await session.get(server.url) } }
        try await sleep(for: .milliseconds(500))
        #expect(gauge.withLock { $0.most } == 2, "half as many")
        for request in requests { _ = try await request.value }
      }
    }
  }

  // MARK: Hedging

  @Test(arguments: [1, 5])
  func `a second request is sent when the first is slow`(_ seconds: Int) async throws {
    let started = Mutex(0)
    let start = LoopClock.now
    try await Self.run(HTTPPolicy(hedging: HTTPHedging(after: .seconds(2)))) { request in
      let number = started.withLock { count in
        count += 1
        return count
      }
      try await sleep(for: number == 1 ? .seconds(seconds) : .seconds(1))
      return HTTPClientResponse(fields: [.eTag: "\(number)"], to: request)
    } _: { session, mock async throws in
      let response = try await session.get("http://h/")
      #expect(response[.eTag] == (seconds == 1 ? "1" : "2"))
      #expect(start.duration(to: .now) == .seconds(seconds == 1 ? 1 : 3))
      #expect(mock.requests.count == (seconds == 1 ? 1 : 2))
      started.withLock { $0 = 0 }
      _ = try await session.post("http://h/")
      #expect(mock.requests.count == (seconds == 1 ? 2 : 3), "a POST is sent once")
    }
  }

  @Test func `the loser of a hedge leaves no connection behind`() async throws {
    try await ScriptedPeer.run { connection in
      while try await connection.readHead() != nil {
        if connection.number == 0 { try await sleep(for: .seconds(100)) }
        try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      }
    } _: { peer in
      var configuration = HTTPSession.Configuration()
      configuration.middleware = [.policy(HTTPPolicy(hedging: HTTPHedging(after: .seconds(1))))]
      try await withHTTPSession(configuration) { session async throws in
        #expect(try await session.get(peer.url).text == "ok")
        await settle()
        let count = session.pool.state.withLock { $0.count }
        #expect(count == 1)
      }
    }
  }

  // MARK: Breakers

  @Test func `a breaker opens, tries, and closes`() async throws {
    let isDown = Mutex(true)
    let policy = HTTPPolicy(breaker: HTTPCircuitBreaker(failures: 3, pause: .seconds(10)))
    try await Self.run(policy) { request in
      HTTPClientResponse(status: isDown.withLock { $0 } ? .internalServerError : .ok, to: request)
    } _: { session, mock async throws in
      func refusals(_ count: Int) async throws -> Int {
        try await gatherResults(Array(0..<count)) { _ in try await session.get("http://h/") }.count {
          result in
          if case .failure(let error as HTTPError) = result { error.code == .refusedByPolicy } else { false }
        }
      }
      for _ in 0..<3 { _ = try await session.get("http://h/") }
      #expect(try await refusals(5) == 5 && mock.requests.count == 3)
      #expect(try await session.get("http://other/").status.code == 500, "another server is asked")
      try await sleep(for: .seconds(10))
      // One tries, fails, and another pause begins.
      #expect(try await session.get("http://h/").status.code == 500)
      #expect(try await refusals(2) == 2)
      isDown.withLock { $0 = false }
      try await sleep(for: .seconds(10))
      #expect(try await session.get("http://h/").status == .ok)
      #expect(try await refusals(4) == 0)
    }
  }

  @Test(arguments: [nil, HTTPHedging(after: .seconds(1))])
  func `a server that does not answer opens a breaker`(_ hedging: HTTPHedging?) async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.waitForEnd()
    } _: { peer in
      var configuration = HTTPSession.Configuration()
      configuration.timeout = .seconds(5)
      configuration.middleware = [
        .policy(HTTPPolicy(hedging: hedging, breaker: HTTPCircuitBreaker(failures: 2)))
      ]
      try await withHTTPSession(configuration) { session async throws in
        // A caller that gives up says nothing about the server.
        for _ in 0..<3 {
          await #expect(throws: TimeoutError(after: .seconds(3))) {
            try await withTimeout(.seconds(3)) { try await session.get(peer.url) }
          }
        }
        for _ in 0..<2 {
          let error = await #expect(throws: TimeoutError(after: .seconds(5))) {
            try await session.get(peer.url)
          }
          let message = (error?.cause as? HTTPError)?.message ?? ""
          #expect(message.hasPrefix("GET \(peer.url): waiting for the response ("), "\(message)")
        }
        let error = await #expect(throws: HTTPError.self) { try await session.get(peer.url) }
        #expect(error?.code == .refusedByPolicy)
      }
    }
  }

  @Test func `a wait for a free connection is no failure of the server`() async throws {
    try await RunningServer.run(handler: { _ in
      try await sleep(for: .seconds(4))
      return HTTPServerResponse()
    }) { server in
      var configuration = HTTPSession.Configuration()
      configuration.connectionsPerHost = 1
      configuration.middleware = [.policy(HTTPPolicy(breaker: HTTPCircuitBreaker(failures: 1)))]
      try await withHTTPSession(configuration) { session async throws in
        let first = createTask { try await session.get(server.url) }
        await settle()
        await #expect(throws: TimeoutError(after: .seconds(2))) {
          try await session.get(server.url, timeout: .seconds(2))
        }
        #expect(try await session.get(server.url).status == .ok)
        _ = try await first.value
      }
    }
  }

  @Test func `a mock that does not answer opens a breaker too`() async throws {
    let policy = HTTPPolicy(breaker: HTTPCircuitBreaker(failures: 2))
    try await Self.run(policy, timeout: .seconds(5)) { request in
      try await sleep(for: .seconds(1000))
      return HTTPClientResponse(to: request)
    } _: { session, _ async throws in
      for _ in 0..<2 {
        await #expect(throws: TimeoutError(after: .seconds(5))) { try await session.get("http://h/") }
      }
      let error = await #expect(throws: HTTPError.self) { try await session.get("http://h/") }
      #expect(error?.code == .refusedByPolicy)
    }
  }

  @Test(arguments: [200, 500])
  func `a request from before the opening does not decide the trial`(_ code: Int) async throws {
    let start = LoopClock.now
    let policy = HTTPPolicy(breaker: HTTPCircuitBreaker(failures: 2, pause: .seconds(10)))
    try await Self.run(policy) { request in
      switch request.url.path {
      case "/slow":
        try await sleep(for: .seconds(30))
        return HTTPClientResponse(status: .init(code: code), to: request)
      case "/trial":
        try await sleep(for: .seconds(10))
        return HTTPClientResponse(to: request)
      default: return HTTPClientResponse(status: .internalServerError, to: request)
      }
    } _: { session, _ async throws in
      let slow = createTask { try await session.get("http://h/slow") }
      await settle()
      for _ in 0..<2 { _ = try await session.get("http://h/") }
      try await sleep(for: .seconds(25))
      let trial = createTask { try await session.get("http://h/trial") }
      #expect(try await slow.value.status.code == code)
      #expect(start.duration(to: .now) == .seconds(30))
      let refused = await #expect(throws: HTTPError.self) { try await session.get("http://h/") }
      #expect(refused?.message.hasSuffix("one request is trying it just now") == true)
      #expect(try await trial.value.status == .ok)
      #expect(try await session.get("http://h/trial").status == .ok, "closed")
    }
  }

  @Test func `a success between failures counts`() async throws {
    let policy = HTTPPolicy(breaker: HTTPCircuitBreaker(failures: 2))
    try await Self.run(policy, answer: Self.statuses([500, 200, 500, 200, 500, 200])) {
      session, _ async throws in
      for _ in 0..<6 { _ = try await session.get("http://h/") }
    }
  }
}
