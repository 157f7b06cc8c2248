import AsyncIO
import AsyncIOHTTP
import Foundation
import HTTPTypes

/// One part of the answer: what a backend has said, or why it has said nothing.
struct Part: Codable, Sendable, Equatable {
  var text: String?
  var error: String?
}

/// Answers one request by asking several backends at once.
///
/// The request as a whole has a deadline, which all that it causes inherits. A backend that fails or is late costs its part of the answer,
/// and not the answer. Retries share a budget, and a backend that fails again and again is left alone for a while.
struct Gateway: Sendable {
  let session: HTTPSession
  let backends: [String: String]
  var deadline = Duration.milliseconds(800)

  /// The policy that each backend is asked by.
  static var policy: HTTPPolicy {
    var retry = HTTPRetry()
    retry.attempts = 3
    retry.delay = .milliseconds(20)
    retry.budget = HTTPRetryBudget(ratio: 0.2, reserve: 20)
    var policy = HTTPPolicy(concurrency: .fixed(50), retry: retry)
    policy.breaker = HTTPCircuitBreaker(failures: 5, pause: .seconds(5))
    return policy
  }

  func answer(_ request: HTTPServerRequest) async throws -> HTTPServerResponse {
    guard request.path == "/page" else { return HTTPServerResponse(status: .notFound) }
    let deadline = LoopClock.now.advanced(by: deadline)
    let names = backends.keys.sorted()
    let parts = try await gather(names) { try await part(of: $0, until: deadline) }
    return try json(Dictionary(uniqueKeysWithValues: zip(names, parts)))
  }

  /// Asks one backend; what goes wrong is a part of the answer.
  private func part(of name: String, until deadline: LoopClock.Instant) async throws -> Part {
    do {
      let response = try await withDeadline(deadline) {
        try await session.get(backends[name, default: ""]).raiseForStatus()
      }
      return Part(text: response.text)
    } catch is TimeoutError {
      return Part(error: "late")
    } catch let error as HTTPError where error.code == .refusedByPolicy {
      return Part(error: "left alone")
    } catch let error as HTTPError {
      return Part(error: error.status.map { "status \($0.code)" } ?? "unreachable")
    }
  }

  private func json(_ parts: [String: Part]) throws -> HTTPServerResponse {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let isWhole = parts.values.allSatisfy { $0.error == nil }
    return HTTPServerResponse(
      status: isWhole ? .ok : HTTPResponse.Status(code: 207), fields: [.contentType: "application/json"],
      body: Array(try encoder.encode(parts)))
  }
}
