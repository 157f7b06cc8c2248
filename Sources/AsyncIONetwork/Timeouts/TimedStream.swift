// Timeouts of a stream: how long it may be silent, how long a read and a write may take.
//
// A read or a write stores when it began and moves the one deadline of the stream (ConnectionDeadline.swift), which as a rule
// sets no timer. When the deadline passes, the stream looks which of the three times is over, cancels the scope of whoever uses it,
// and that scope's error says which it was.
//
// State: all of it is under one mutex. The deadline is moved under that lock too, so that the last who computes it is the last who
// sets it; it calls nobody back under its own lock. Its timer comes without locks.

import AsyncIOCoordination
import AsyncIORuntime
import Synchronization

/// Runs `body` with a stream whose reads and writes may only take so long, and that may only be silent for so long.
///
/// ```swift
/// try await withStreamTimeouts(connection, idle: .seconds(60), write: .seconds(10)) { connection in
///   let reader = BufferedReader(connection)
///   for try await line in reader.lines { try await connection.write(answer(to: line)) }
/// }
/// ```
///
/// When a time is over, all of `body` is cancelled, not only the call that took too long. The stream stays open. For the time that a
/// whole message may take, use `withTimeout` around it: a peer that sends one byte a minute is never silent for two.
///
/// - Parameters:
///   - stream: What to read and write.
///   - idle: How long there may be neither anything read nor anything written.
///   - read: How long one read may wait.
///   - write: How long a write may make no progress.
///   - body: Uses the stream that it is given.
/// - Returns: What `body` returns.
/// - Throws: `TimeoutError` with the time that is over; otherwise what `body` throws.
/// - Complexity: One task. No timer for each read or write: one that stands already is put off by storing a number.
///
/// ## Cancellation
/// Cancels the body and waits for its end.
public func withStreamTimeouts<Stream: ByteStream, Result>(
  _ stream: Stream, idle: Duration? = nil, read: Duration? = nil, write: Duration? = nil,
  _ body: (TimedStream<Stream>) async throws -> Result
) async throws -> Result {
  let timed = TimedStream(stream, TimedStream.Limits(idle: idle, read: read, write: write))
  let result = try await withCancelScope { scope in
    timed.begin(scope)
    defer { timed.end() }
    return try await body(timed)
  }
  if let result { return result }
  throw TimeoutError(after: timed.expired ?? .zero)
}

/// A stream whose reads and writes may only take so long; see `withStreamTimeouts`.
public final class TimedStream<Base: ByteStream>: ByteStream {
  struct Limits: Sendable {
    let idle: Duration?
    let read: Duration?
    let write: Duration?
  }

  private struct State {
    var scope: CancelScope?
    var progress = LoopClock.now
    var reading: LoopClock.Instant?
    var writing: LoopClock.Instant?
    var expired: Duration?
  }

  /// The stream without timeouts.
  public let base: Base
  private let limits: Limits
  private let deadline = ConnectionDeadline(on: .orDefault)
  private let state = Mutex(State())

  init(_ base: Base, _ limits: Limits) {
    self.base = base
    self.limits = limits
  }

  /// The time that is over, if one is.
  var expired: Duration? { state.withLock { $0.expired } }

  func begin(_ scope: CancelScope) {
    change { state in
      state.scope = scope
      state.progress = .now
    }
  }

  func end() { deadline.end() }

  /// Changes the state and moves the deadline to where it is then.
  private func change(_ body: (inout State) -> Void) {
    state.withLock { state in
      body(&state)
      let times = [
        limits.idle.map { state.progress.advanced(by: $0) },
        limits.read.flatMap { limit in state.reading?.advanced(by: limit) },
        limits.write.flatMap { limit in state.writing?.advanced(by: limit) },
      ]
      if let first = times.compactMap({ $0 }).min() {
        deadline.set(first, for: self)
      } else {
        deadline.clear()
      }
    }
  }

  private func read(_ body: () async throws -> Int) async throws -> Int {
    change { $0.reading = .now }
    defer {
      change { state in
        state.reading = nil
        state.progress = .now
      }
    }
    return try await body()
  }

  // MARK: The stream

  /// Reads what is there into `buffer`, and waits if nothing is.
  ///
  /// - Throws: `IOError`; `CancellationError`, also when a time is over.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  @unsafe
  public func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    try await read { unsafe try await base.read(into: buffer) }
  }

  /// Reads what is there and appends it to `bytes`; waits if nothing is there.
  ///
  /// - Throws: `IOError`; `CancellationError`, also when a time is over.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  public func read(appendingTo bytes: inout [UInt8], atMost limit: Int) async throws -> Int {
    try await read { try await base.read(appendingTo: &bytes, atMost: limit) }
  }

  /// Writes some of `bytes`: what there is room for, and waits if there is none.
  ///
  /// - Throws: `IOError`; `CancellationError`, also when a time is over.
  ///
  /// ## Cancellation
  /// Nothing has been written when it throws; the call may be repeated.
  public func writeSome(_ bytes: ArraySlice<UInt8>) async throws -> Int {
    change { $0.writing = .now }
    defer {
      change { state in
        state.writing = nil
        state.progress = .now
      }
    }
    return try await base.writeSome(bytes)
  }

  /// Tells the peer that nothing more will be written; reading goes on.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As of the stream without timeouts.
  public func closeWriting() async throws { try await base.closeWriting() }

  /// Closes the stream.
  ///
  /// ## Cancellation
  /// As of the stream without timeouts.
  public func close() async { await base.close() }

  /// Aborts the stream.
  public func abort() { base.abort() }

  /// Whether the stream was closed here.
  public var isClosed: Bool { base.isClosed }
}

extension TimedStream: ConnectionDeadlineOwner {
  package func deadlineExpired() {
    let scope = state.withLock { state in
      let now = LoopClock.now
      let over: [(Duration?, LoopClock.Instant?)] = [
        (limits.read, state.reading), (limits.write, state.writing), (limits.idle, state.progress),
      ]
      for case (let limit?, let start?) in over where start.advanced(by: limit) <= now {
        state.expired = limit
        break
      }
      return state.scope
    }
    scope?.cancel(reason: "a stream's time is over")
  }
}
