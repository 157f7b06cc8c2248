import AsyncIO
import AsyncIOHTTP
import HTTPTypes

// From a request to its answer.

extension Crawler {
  /// How long a server is left alone at most because it asks for that; more is taken for a mistake.
  private static let longestPause = Duration.seconds(3600)
  /// Statuses that may pass; a server that fails at a page, rather than for want of time, does so again.
  private static let passing: Set<Int> = [408, 425, 429, 502, 503, 504]

  /// Sends a request when it is the server's turn, and again where that may help.
  ///
  /// The waits hold no permit: others are asked meanwhile.
  ///
  /// - Parameters:
  ///   - request: What to send.
  ///   - lane: The lane of its server.
  ///   - session: What sends it.
  ///   - read: Reads the answer.
  /// - Returns: What `read` has returned, or why the last attempt has failed; and how long that has taken.
  /// - Throws: `CancellationError`.
  ///
  /// ## Cancellation
  /// Closes the connection, or ends the wait.
  func ask<Answer>(
    _ request: HTTPClientRequest, in lane: CrawlLane, _ session: HTTPSession,
    _ read: (HTTPStreamedResponse) async throws -> Answer
  ) async throws -> (answer: Result<Answer, any Error>, duration: Duration) {
    var attempt = 0
    while true {
      attempt += 1
      try await lane.turn()
      let (result, duration) = try await permits.withPermit {
        let start = LoopClock.now
        let result = await Self.attempt(request, session, read)
        return (result, start.duration(to: .now))
      }
      if case .failure(let error) = result, error is CancellationError || Task.isCancelled {
        throw CancellationError()
      }
      let wait = pause(after: result.map { $0.head }, of: request, attempt: attempt, in: lane)
      guard let wait, attempt <= settings.retries else { return (result.map { $0.answer }, duration) }
      try await sleep(for: wait)
    }
  }

  private static func attempt<Answer>(
    _ request: HTTPClientRequest, _ session: HTTPSession,
    _ read: (HTTPStreamedResponse) async throws -> Answer
  ) async -> Result<(answer: Answer, head: HTTPClientResponse), any Error> {
    do {
      return .success(
        try await session.stream(request) { response in
          let head = HTTPClientResponse(
            status: response.status, fields: response.fields, body: [], to: request)
          return (try await read(response), head)
        })
    } catch {
      return .failure(error)
    }
  }

  /// How long to wait before another attempt; nil if it would go no better.
  ///
  /// Where a server asks to be left alone it is, by all.
  private func pause(
    after result: Result<HTTPClientResponse, any Error>, of request: HTTPClientRequest, attempt: Int,
    in lane: CrawlLane
  ) -> Duration? {
    switch result {
    // What takes too long does so again.
    case .failure(let error): if error is TimeoutError { return nil }
    case .success(let head): if !Self.passing.contains(head.status.code) { return nil }
    }
    var retry = HTTPRetry()
    retry.delay = max(.seconds(1), lane.interval)
    retry.statuses = Self.passing
    retry.jitter = 0
    retry.maximumRetryAfter = .seconds(Int64.max)
    guard let pause = retry.pause(after: result, of: request, attempt: attempt) else { return nil }
    let wait = min(pause, Self.longestPause)
    if case .success(let head) = result, head.status.code == 429 || head[.retryAfter] != nil {
      lane.pause(for: wait)
      if wait >= settings.timeout { note("\(lane.url.authority) asks to be left alone for \(wait.text)") }
    }
    return wait
  }
}
