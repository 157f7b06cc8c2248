/// When each of several pieces of work ran, in one or more runs that are compared with each other.
struct Timeline: Sendable, Equatable {
  /// How a piece of work ended.
  enum Outcome: Sendable, Equatable {
    /// With a result.
    case ok
    /// With an error, and what it said.
    case failed(String)
    /// Before its end, because nobody wanted it any more.
    case cancelled
  }

  /// One piece of work.
  struct Bar: Sendable, Equatable {
    /// What it is.
    var label: String
    /// When it began, from the beginning of its run.
    var start: Duration
    /// When it ended, from the beginning of its run.
    var end: Duration
    /// How it ended.
    var outcome: Outcome

    /// A piece of work that ran from `start` to `end`.
    init(_ label: String, from start: Duration, to end: Duration, outcome: Outcome = .ok) {
      self.label = label
      self.start = start
      self.end = end
      self.outcome = outcome
    }

    /// How long it took.
    var duration: Duration { max(.zero, end - start) }
  }

  /// Pieces of work that were done in the same way.
  struct Run: Sendable, Equatable {
    /// In which way: "one after another", "at once".
    var name: String
    /// The pieces, in the order in which they were asked for.
    var bars: [Bar]

    /// A run with its pieces of work.
    init(_ name: String, bars: [Bar] = []) {
      self.name = name
      self.bars = bars
    }

    /// When the last piece ended.
    var total: Duration { bars.reduce(.zero) { max($0, $1.end) } }
  }

  /// What the whole is about.
  var title: String
  /// The runs, the one to compare with first.
  var runs: [Run]
  /// Whether bars still grow, so that nothing can be said of the whole yet.
  var isUnderWay = false

  /// A timeline of some runs.
  init(title: String, runs: [Run] = []) {
    self.title = title
    self.runs = runs
  }

  /// When the last piece of all runs ended.
  var total: Duration { runs.reduce(.zero) { max($0, $1.total) } }

  /// How many times as fast the last run was as the first; `nil` where there is nothing to compare.
  var speedUp: Double? {
    if isUnderWay { return nil }
    guard runs.count > 1, let first = runs.first, let last = runs.last, last.total > .zero else { return nil }
    return first.total.seconds / last.total.seconds
  }

  /// The speed-up as text: `3.0×`.
  var speedUpText: String? {
    speedUp.map { decimal($0, places: $0 < 9.95 ? 1 : 0) + "×" }
  }

  /// How every bar ended.
  var outcomes: [Outcome] { runs.flatMap { $0.bars.map(\.outcome) } }
}
