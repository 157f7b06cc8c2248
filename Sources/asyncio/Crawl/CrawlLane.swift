// The URLs of one server. Each lane has a queue and as many workers as may ask the server at the same time, made as they are
// needed. A server that is slow, or wants pauses, holds up its own lane alone: its workers wait for their turn in the lane's line,
// and take one of the permits of all lanes only then.
//
// What the lane owns is guarded by its mutex; its rules are read once by the first worker that needs them, while others wait.

import AsyncIO
import AsyncIOHTTP
import Synchronization

/// The URLs of one server that are to be fetched, what its robots.txt says, and when it may be asked.
final class CrawlLane: Sendable {
  private struct State {
    var workers = 0
    var rules = AsyncOnce<RobotsFile>()
    var readAt: LoopClock.Instant?
    /// The last rules that could be read.
    var known: RobotsFile?
    /// How long after one request the next one is sent.
    var interval: Duration
    /// When the last request was sent.
    var askedAt: LoopClock.Instant?
    /// Until when the server is left alone, as it has asked for that.
    var pausedUntil: LoopClock.Instant?
  }

  /// A URL of the server.
  let url: HTTPURL
  /// Where the URLs' lines begin in the journal.
  let queue = AsyncQueue<Int>()
  private let state: Mutex<State>
  /// Held by who waits for the next turn; the others stand behind.
  private let line = AsyncLock()

  /// How long a robots.txt is believed (RFC 9309 §2.4).
  static let rulesLifetime = Duration.seconds(24 * 3600)

  /// An empty lane.
  ///
  /// - Parameters:
  ///   - url: A URL of the server.
  ///   - interval: How long after one request the next one is sent, if the server does not want more.
  init(_ url: HTTPURL, interval: Duration) {
    self.url = url
    state = Mutex(State(interval: interval))
  }

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
  /// - Returns: What `read` has returned, to whichever worker; if it could not be read any more, what was known before.
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
      return state.withLock { state in
        state.readAt = .now
        // Of a server that cannot be reached the rules stay that were read from it (RFC 9309 §2.4).
        if file.problem == nil { state.known = file }
        if let delay = file.crawlDelay { state.interval = max(state.interval, delay) }
        return state.known ?? file
      }
    }
  }

  // MARK: Turns

  /// How long after one request to the server the next one is sent.
  var interval: Duration { state.withLock(\.interval) }

  /// Waits until the server may be asked, once.
  ///
  /// - Throws: `CancellationError`.
  ///
  /// ## Cancellation
  /// Ends the wait; the turn is somebody else's.
  func turn() async throws {
    try await line.withLock {
      while let due = takeTurn() { try await sleep(until: due) }
    }
  }

  /// Leaves the server alone for some time.
  func pause(for duration: Duration) {
    state.withLock { state in
      let end = LoopClock.now.advanced(by: duration)
      state.pausedUntil = max(state.pausedUntil ?? end, end)
    }
  }

  /// Takes the turn, if it has come; otherwise says when to look again.
  private func takeTurn() -> LoopClock.Instant? {
    state.withLock { state in
      let now = LoopClock.now
      let due = max(state.askedAt?.advanced(by: state.interval) ?? now, state.pausedUntil ?? now)
      guard due <= now else { return due }
      state.askedAt = now
      return nil
    }
  }
}
