import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIONetwork
import AsyncIORuntime
import Testing

/// Client and server on all threads that there are, not on one loop, with cancellations and timeouts among the requests.
struct HTTPStressTests {
  /// One of the requests: some are cancelled, some have too little time, most must be answered.
  @concurrent @discardableResult
  private static func request(_ number: Int, _ session: HTTPSession, _ url: String) async throws -> Bool {
    switch number % 6 {
    case 0:
      let task = Task { try await session.get("\(url)/slow?\(number)").text }
      if number % 12 == 0 { await Task.yield() }
      task.cancel()
      if let text = try? await task.value { #expect(text == "/slow?\(number)") }
    case 1:
      let text = try? await session.get("\(url)/slow?\(number)", timeout: .milliseconds(3)).text
      #expect(text == nil || text == "/slow?\(number)")
    default:
      let text = try await session.get("\(url)/quick?\(number)").text
      #expect(text == "/quick?\(number)")
      return true
    }
    return false
  }

  @Test(.timeLimit(.minutes(1)))
  func `many requests on many threads, some of which end early, lose nothing`() async throws {
    var configuration = HTTPSession.Configuration()
    configuration.connectionsPerHost = 5
    try await RunningServer.run { request in
      if request.path == "/slow" { try await sleep(for: .milliseconds(5)) }
      return HTTPServerResponse(text: request.target)
    } _: { server in
      try await withHTTPSession(configuration) { session in
        let url = server.url
        let requests = (0..<600).map { number in
          Task.detached { try await Self.request(number, session, url) }
        }
        var answered = 0
        for request in requests where try await request.value { answered += 1 }
        #expect(answered == 400)
        // Every place is free again.
        let texts = try await gather(Array(0..<5)) { _ in try await session.get("\(url)/slow").text }
        #expect(texts == Array(repeating: "/slow", count: 5))
      }
      server.server.close()
      try await server.serving.value
      let open = try openSockets(port: server.port)
      #expect(open == 0)
    }
  }
}
