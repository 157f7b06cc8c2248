import AsyncIO
import Glibc
import Synchronization

/// Lines that stay at the bottom of a terminal while everything else scrolls above them.
///
/// The cursor rests at the end of the last line of the display, so that to draw anew is to go up as many rows
/// as the display takes, and to write over it. Each change is one text for the sink, so that a terminal never
/// shows a half-erased display.
///
/// Both sinks are called with the lock held: a line from one thread must not land between another's "erase"
/// and "draw", where it would be overwritten or leave a stale copy of the display behind.
///
/// What cannot be printed is lost: that is said once, and kept in `failure`. Nothing is printed after that, as it might stand
/// behind a piece of a line.
final class LiveDisplay: Sendable {
  /// Where text goes; whether it went there, and if not, `errno` says why.
  typealias Sink = @Sendable (String) -> Bool

  private enum Picture {
    /// Nothing is on the screen. Goes to `showing` and `finished`.
    case blank
    /// These lines are at the bottom. Goes to `blank` and `finished`.
    case showing([String])
    /// The display is over; lines are still passed on. Goes nowhere.
    case finished
  }

  private struct State {
    var picture = Picture.blank
    var failure: CInt?
  }

  private let state = Mutex(State())
  /// Set when nobody reads any more what is printed.
  private let isUnread = AsyncEvent()
  /// Whether there is a terminal to draw on.
  let isLive: Bool
  private let width: @Sendable () -> Int
  private let display: Sink
  private let output: Sink

  /// A display with nothing on it yet.
  /// - Parameters:
  ///   - isLive: Whether there is a terminal to draw on; if not, only what is printed comes out.
  ///   - width: The terminal's columns, asked for each time since a window may change.
  ///   - display: Takes the display itself: standard error.
  ///   - output: Takes the lines that are printed: standard output.
  init(isLive: Bool, width: @escaping @Sendable () -> Int, display: @escaping Sink, output: @escaping Sink) {
    self.isLive = isLive
    self.width = width
    self.display = display
    self.output = output
  }

  /// Shows `lines` in place of those shown before; no lines erase the display.
  func update(_ lines: [String]) {
    guard isLive else { return }
    state.withLock { state in
      if case .finished = state.picture { return }
      let fitting = fit(lines)
      _ = display(erase(state.picture, redrawing: fitting))
      state.picture = fitting.isEmpty ? .blank : .showing(fitting)
    }
  }

  /// Prints a line of the program's output above the display.
  func print(_ line: String) {
    let failure = state.withLock { state -> CInt? in
      guard state.failure == nil, !write(line + "\n", to: output, above: state.picture) else { return nil }
      state.failure = errno
      return state.failure
    }
    guard let failure else { return }
    note("asyncio: results are lost, as they cannot be written: \(IOError.message(failure))")
    if failure == EPIPE { isUnread.set() }
  }

  /// Prints a line on the display's own stream, above the display: a remark rather than a result.
  func note(_ line: String) {
    state.withLock { _ = write(line + "\n", to: display, above: $0.picture) }
  }

  /// Why something could not be printed, as a number of the system; nil if everything was.
  var failure: CInt? { state.withLock(\.failure) }

  /// Runs `body` for as long as what is printed is read: when the reader of a pipe goes, `body` is cancelled.
  ///
  /// - Throws: What `body` throws, but for the cancellation that a reader who has gone brings.
  ///
  /// ## Cancellation
  /// Cancels `body`.
  func whileRead(_ body: () async throws -> Void) async throws {
    try await withTaskScope { scope in
      let watch = scope.createTask(name: "reader of the results") {
        try await self.isUnread.wait()
        scope.cancel(reason: "nobody reads the results")
      }
      try await body()
      watch.cancel()
    }
  }

  /// Ends the display: leaves `lines` standing as ordinary text, or nothing of it.
  func finish(leaving lines: [String] = []) {
    state.withLock { state in
      if case .finished = state.picture { return }
      if isLive {
        let fitting = fit(lines)
        let end = erase(state.picture, redrawing: fitting) + (fitting.isEmpty ? "" : "\n")
        if !end.isEmpty { _ = display(end) }
      }
      state.picture = .finished
    }
  }

  /// - Returns: Whether `sink` took the text; `errno` is its own then.
  private func write(_ text: String, to sink: Sink, above picture: Picture) -> Bool {
    guard case .showing(let lines) = picture else { return sink(text) }
    _ = display(erase(picture, redrawing: []))
    let isWritten = sink(text)
    let code = errno
    _ = display(draw(lines))
    errno = code
    return isWritten
  }

  private func fit(_ lines: [String]) -> [String] {
    let width = width()
    return lines.map { $0.truncated(toWidth: width) }
  }

  private func draw(_ lines: [String]) -> String {
    // "ESC [ K" erases what an earlier, longer line left to the right.
    lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n")
  }

  private func erase(_ picture: Picture, redrawing lines: [String]) -> String {
    guard case .showing(let old) = picture else { return draw(lines) }
    // A line drawn before the window became narrower takes several rows now.
    let width = max(1, width())
    let rows = old.reduce(0) { $0 + max(1, ($1.displayWidth + width - 1) / width) }
    let up = rows > 1 ? "\u{1B}[\(rows - 1)A" : ""
    // "ESC [ J" erases the rows that the new display does not reach.
    return lines.isEmpty ? "\r\(up)\u{1B}[J" : "\r\(up)" + draw(lines) + "\u{1B}[J"
  }
}
