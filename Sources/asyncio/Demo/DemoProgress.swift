import AsyncIO
import Synchronization

/// What has happened so far in the demonstration, and its live picture on a terminal.
final class DemoProgress: Sendable {
  private struct State {
    var timeline = Timeline(title: "Waiting for many things at once")
    var start = LoopClock.now
    /// Places of the bars of the last run that have not ended.
    var unfinished: Set<Int> = []
  }

  private let state = Mutex(State())
  private let display: LiveDisplay
  private let palette: Palette

  /// Makes an empty record.
  init(palette: Palette) {
    self.palette = palette
    display = .standard()
  }

  /// What happened, so far.
  var timeline: Timeline { state.withLock { $0.timeline } }

  /// Begins a run: time counts from now.
  func begin(_ name: String) {
    state.withLock { state in
      state.timeline.runs.append(.init(name))
      state.start = LoopClock.now
      state.unfinished = []
    }
  }

  /// Does `work` as a bar of the present run.
  ///
  /// - Throws: What `work` throws.
  func watch(_ label: String, _ work: () async throws -> some Sendable) async throws {
    let place = open(label)
    do {
      _ = try await work()
      close(place, .ok)
    } catch {
      close(place, error is CancellationError ? .cancelled : .failed("\(error)"))
      throw error
    }
  }

  /// Draws the picture on a terminal again and again.
  ///
  /// - Throws: `CancellationError` when it is to stop.
  func draw(every interval: Duration) async throws {
    while true {
      try await sleep(for: interval)
      let timeline = snapshot()
      if !timeline.runs.isEmpty {
        display.update(TimelineText(timeline, width: Terminal(descriptor: 2).width, palette: palette).lines)
      }
    }
  }

  /// Takes the live picture away.
  func finish() { display.finish() }

  private func open(_ label: String) -> Int {
    state.withLock { state in
      let now = state.start.duration(to: LoopClock.now)
      let run = state.timeline.runs.count - 1
      state.timeline.runs[run].bars.append(.init(label, from: now, to: now))
      let place = state.timeline.runs[run].bars.count - 1
      state.unfinished.insert(place)
      return place
    }
  }

  private func close(_ place: Int, _ outcome: Timeline.Outcome) {
    state.withLock { state in
      let run = state.timeline.runs.count - 1
      state.timeline.runs[run].bars[place].end = state.start.duration(to: LoopClock.now)
      state.timeline.runs[run].bars[place].outcome = outcome
      state.unfinished.remove(place)
    }
  }

  /// The timeline with the bars that are under way grown up to now.
  private func snapshot() -> Timeline {
    state.withLock { state in
      var timeline = state.timeline
      timeline.isUnderWay = !state.unfinished.isEmpty
      guard let run = timeline.runs.indices.last else { return timeline }
      let now = state.start.duration(to: LoopClock.now)
      for place in state.unfinished { timeline.runs[run].bars[place].end = now }
      return timeline
    }
  }
}
