// The body of a request over HTTP/2 while its handler reads it.
//
// The stream keeps what has come, so that nothing is lent and given back as over HTTP/1.1. But it serves one task at a time, and its
// readers are to be told the same as there:
//
//   resting   nobody reads                                       → reading, ended
//   reading   a task reads                                       → resting, ended
//   ended     the response was sent: later reads throw           (last)

import AsyncIONetwork
import AsyncIORuntime
import HTTPTypes
import Synchronization

/// Reads the body of one request from its stream.
final class HTTP2ServerBodyReader: ConnectionDeadlineOwner {
  private struct Progress {
    /// How much of the body was read.
    var count = 0
    /// How long the client was waited for.
    var waited = Duration.zero
    /// Whether the client waits to be told to send the body.
    var mustAskForBody: Bool
  }

  private enum State {
    case resting(Progress)
    case reading
    case ended
  }

  private let stream: HTTP2Stream
  private let configuration: HTTPServer.Configuration
  private let limit: Int
  private let deadline = ConnectionDeadline(on: .orDefault)
  private let state: Mutex<State>
  /// Whether the stream was lost in the body, so that nobody waits for an answer.
  private let lost = Atomic(false)

  init(
    _ stream: HTTP2Stream, _ configuration: HTTPServer.Configuration, limit: Int, asksForBody: Bool
  ) {
    self.stream = stream
    self.configuration = configuration
    self.limit = limit
    state = Mutex(.resting(Progress(mustAskForBody: asksForBody)))
  }

  var isLost: Bool { lost.load(ordering: .relaxed) }

  /// Who reads finds the stream cut.
  func deadlineExpired() { stream.cut() }

  /// The next piece of the body; nil at its end.
  func next() async throws -> [UInt8]? {
    var progress = try state.withLock { state throws(HTTPServerError) in
      switch state {
      case .resting(let progress):
        state = .reading
        return progress
      case .reading: throw HTTPServerError.bodyBusy()
      case .ended: throw HTTPServerError.bodyLeft()
      }
    }
    defer { rest(progress) }
    return try await read(&progress)
  }

  private func rest(_ progress: Progress) {
    state.withLock { state in if case .reading = state { state = .resting(progress) } }
  }

  private func read(_ progress: inout Progress) async throws -> [UInt8]? {
    if progress.mustAskForBody {
      progress.mustAskForBody = false
      stream.askForBody()
    }
    let start = LoopClock.now
    deadline.set(configuration.end(ofPieceAfter: progress.count, waited: progress.waited), for: self)
    defer {
      deadline.clear()
      progress.waited += start.duration(to: .now)
    }
    var piece: [UInt8] = []
    do {
      if try await stream.read(appendingTo: &piece, atMost: HTTPInput.bodyReadSize) == 0 { return nil }
    } catch {
      if !(error is CancellationError) { lost.store(true, ordering: .relaxed) }
      throw error
    }
    progress.count += piece.count
    if progress.count > limit {
      throw HTTPStatusError(.contentTooLarge, "The body is larger than \(limit) bytes.")
    }
    return piece
  }

  /// Takes note that the response was sent.
  func end() {
    state.withLock { $0 = .ended }
    deadline.end()
  }
}
