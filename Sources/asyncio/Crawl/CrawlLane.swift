// The URLs of one server. Each lane has a queue and as many workers as may ask the server at the same time, made as they are
// needed. A server that is slow, or wants pauses, so holds up its own lane alone.
//
// What the lane owns is guarded by its mutex; its rules are read once by the first worker that needs them, while others wait.

import AsyncIO
import AsyncIOHTTP
import Synchronization

/// The URLs of one server that are to be fetched, and what its robots.txt says.
final class CrawlLane: Sendable {
  private struct State {
    var workers = 0
    var rules = AsyncOnce<RobotsFile>()
    var readAt: LoopClock.Instant?
  }

  /// A URL of the server.
  let url: HTTPURL
  /// Where the URLs' lines begin in the journal.
  let queue = AsyncQueue<Int>()
  private let state = Mutex(State())

  /// How long a robots.txt is believed (RFC 9309 §2.4).
  static let rulesLifetime = Duration.seconds(24 * 3600)

  /// An empty lane.
  ///
  /// - Parameter url: A URL of the server.
  init(_ url: HTTPURL) { self.url = url }

  /// Adds a URL.
  ///
  /// - Parameters:
  ///   - offset: Where its line begins.
  ///   - limit: How many workers there may be.
  /// - Returns: Whether one more is to be started.
  func put(_ offset: Int, workers limit: Int) -> Bool {
    // Without a limit, and never shut down before the last one is done, the queue takes all.
    guard let isIn = try? queue.tryPut(offset), isIn else { return false }
    return state.withLock { state in
      guard state.workers < limit else { return false }
      state.workers += 1
      return true
    }
  }

  /// What the server's robots.txt says.
  ///
  /// - Parameter read: Reads it.
  /// - Returns: What `read` has returned, to whichever worker.
  /// - Throws: `CancellationError`.
  ///
  /// ## Cancellation
  /// Ends the reading, or the wait for it; another worker reads then.
  func rules(_ read: () async throws -> RobotsFile) async throws -> RobotsFile {
    let rules = state.withLock { state in
      if let readAt = state.readAt, readAt.advanced(by: Self.rulesLifetime) <= .now {
        state.rules = AsyncOnce()
        state.readAt = nil
      }
      return state.rules
    }
    return try await rules.value {
      let file = try await read()
      state.withLock { $0.readAt = .now }
      return file
    }
  }
}
