import AsyncIOHTTP
import AsyncIOTesting
import HTTPTypes
import Testing

@testable import asyncio

@Suite(.virtualTime) struct SiteTests {
  private func answer(_ site: Site, _ path: String) async throws -> HTTPServerResponse {
    try await site.answer(
      HTTPServerRequest(HTTPRequest(method: .get, scheme: "http", authority: "h", path: path)))
  }

  @Test(arguments: [
    "/traps/calendar/9223372036854775807/1", "/traps/calendar/-9223372036854775808/-9223372036854775808",
    "/traps/calendar/1/9223372036854775807", "/traps/onward/9223372036854775807", "/traps/onward/x",
    "/traps/onward/-9223372036854775808", "/traps/", "//", "/traps//calendar",
  ])
  func `no path ends the server`(path: String) async throws {
    _ = try await answer(Site(pages: 3), path)
  }

  @Test func `traps lead on from where they are`() async throws {
    var configuration = HTTPSession.Configuration()
    configuration.middleware = [HTTPInProcessServer(handler: Site(pages: 3).answer)]
    configuration.redirects = .none
    try await withHTTPSession(configuration) { session in
      #expect(try await session.get("http://h/traps/onward/7")[.location] == "8")
      let text = try await session.get("http://h/traps/calendar/2026/12").text
      #expect(text.contains("/traps/calendar/2026/11") && text.contains("/traps/calendar/2027/1"))
    }
  }

  @Test func `what anybody can make up is not counted without end`() async throws {
    let site = Site(pages: 3)
    for number in 0..<30_000 { _ = try await answer(site, "/x/\(number)") }
    for _ in 0..<2 { _ = try await answer(site, "/x/1") }
    #expect(site.requests.count < 30_000)
    #expect(site.requests["/x/1"] == 3)
  }
}
