import AsyncIO
import AsyncIOHTTP
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import Gateway

@Suite struct GatewayTests {
  let backends = ["one": "http://one/", "two": "http://two/"]

  /// Asks a gateway whose backends are `mock`, and returns its answers' statuses with their parts.
  func ask(_ mock: HTTPMock, times: Int = 1) async throws -> [(status: Int, parts: [String: Part])] {
    var configuration = HTTPSession.Configuration()
    configuration.middleware = [.policy(Gateway.policy), mock]
    return try await withHTTPSession(configuration) { session in
      let gateway = Gateway(session: session, backends: backends)
      var outer = HTTPSession.Configuration()
      outer.middleware = [HTTPInProcessServer { try await gateway.answer($0) }]
      return try await withHTTPSession(outer) { client in
        var answers: [(status: Int, parts: [String: Part])] = []
        for _ in 0..<times {
          let response = try await client.get("http://gateway/page")
          answers.append((response.status.code, try response.json()))
        }
        return answers
      }
    }
  }

  @Test(.virtualTime) func `all backends are asked at once`() async throws {
    let mock = HTTPMock()
    mock.on(.get, "*") { request in
      try await sleep(for: .milliseconds(500))
      return HTTPClientResponse(body: Array(request.url.host.utf8), to: request)
    }
    let start = LoopClock.now
    let answers = try await ask(mock)
    #expect(start.duration(to: LoopClock.now) == .milliseconds(500))
    #expect(answers[0].status == 200)
    #expect(answers[0].parts == ["one": Part(text: "one"), "two": Part(text: "two")])
  }

  @Test(.virtualTime) func `who is late costs its part, and not the answer`() async throws {
    let mock = HTTPMock()
    mock.on(.get, "http://one/") { HTTPClientResponse(body: [111, 107], to: $0) }
    mock.on(.get, "http://two/") { request in
      try await sleep(for: .seconds(60))
      return HTTPClientResponse(to: request)
    }
    let start = LoopClock.now
    let answers = try await ask(mock)
    #expect(start.duration(to: LoopClock.now) == .milliseconds(800))
    #expect(answers[0].status == 207)
    #expect(answers[0].parts == ["one": Part(text: "ok"), "two": Part(error: "late")])
  }

  @Test(.virtualTime) func `a failure that goes away is not seen`() async throws {
    let attempts = Mutex(0)
    let mock = HTTPMock()
    mock.on(.get, "*") { request in
      let attempt = attempts.withLock { attempts in
        attempts += 1
        return attempts
      }
      return HTTPClientResponse(status: attempt == 1 ? .serviceUnavailable : .ok, to: request)
    }
    #expect(try await ask(mock)[0].status == 200)
    #expect(attempts.withLock { $0 } == 3)
  }

  @Test(.virtualTime) func `who fails again and again is left alone`() async throws {
    let mock = HTTPMock()
    mock.on(.get, "http://one/") { HTTPClientResponse(body: [111, 107], to: $0) }
    mock.on(.get, "http://two/") { HTTPClientResponse(status: .serviceUnavailable, to: $0) }
    let answers = try await ask(mock, times: 4)
    #expect(answers.allSatisfy { $0.parts["one"] == Part(text: "ok") })
    #expect(answers[0].parts["two"]?.error != nil)
    #expect(answers[3].parts["two"] == Part(error: "left alone"))
    #expect(mock.requests.count { $0.url.host == "two" } == 5)
  }
}
