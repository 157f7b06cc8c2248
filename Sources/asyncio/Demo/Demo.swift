// The demonstration: the article's three fetches, one after another and then at once, against a server of our own.
//
// What has happened so far is kept in `DemoProgress`, which the fetches change and a ticker draws.

import AsyncIO
import AsyncIOHTTP

/// Fetches the same pages one after another and then at once.
struct Demo: Sendable {
  /// How many pages to fetch.
  let pages: Int
  /// How long each page takes.
  let delay: Duration
  /// The colours of the live display.
  let palette: Palette

  /// Runs both ways.
  ///
  /// - Returns: What happened when.
  /// - Throws: The error of a page that could not be fetched.
  ///
  /// ## Cancellation
  /// Ends the fetches and the server, and throws `CancellationError`.
  func run() async throws -> Timeline {
    let server = try PageServer.make(PageSettings(delay: delay))
    let serving = createTask(name: "page server") { try await server.serve() }
    defer { serving.cancel() }
    let progress = DemoProgress(palette: palette)
    let ticker = createTask(name: "live display") { try await progress.draw(every: .milliseconds(50)) }
    defer {
      ticker.cancel()
      progress.finish()
    }
    let urls = (1...pages).map { "http://\(server.localAddress)/page/\($0)" }

    try await withHTTPSession { session in
      progress.begin("One after another")
      for (index, url) in urls.enumerated() {
        try await progress.watch("page \(index + 1)") { try await session.get(url).raiseForStatus() }
      }

      progress.begin("At once")
      _ = try await gather(urls.enumerated()) { index, url in
        try await progress.watch("page \(index + 1)") { try await session.get(url).raiseForStatus() }
      }
    }
    return progress.timeline
  }
}
