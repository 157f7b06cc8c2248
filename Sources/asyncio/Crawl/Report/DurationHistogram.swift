/// How often things took how long, in steps of a quarter or so: memory is the same for any number of them.
struct DurationHistogram: Sendable {
  /// How many were at most this long; the last step has no bound.
  private(set) var counts: [Int]
  /// How many there are.
  private(set) var total = 0

  /// The bounds of the steps, in seconds: from a tenth of a millisecond on, ten steps for each power of ten.
  static let bounds: [Double] = (0...70).map { step in
    var bound = 0.0001
    for _ in 0..<(step / 10) { bound *= 10 }
    return bound * fractions[step % 10]
  }
  private static let fractions = [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8]

  /// How long what is counted in a step took at most; for the last one, at least.
  static func bound(ofStep step: Int) -> Duration {
    .microseconds(Int64((bounds[min(step, bounds.count - 1)] * 1e6).rounded()))
  }

  /// Nothing yet.
  init() { counts = [Int](repeating: 0, count: Self.bounds.count + 1) }

  /// Counts a duration.
  mutating func add(_ duration: Duration) {
    let seconds = duration.seconds
    let step = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
    counts[step] += 1
    total += 1
  }

  /// How long a part of them took at most, to within a step; nil if there are none.
  ///
  /// - Parameter part: From 0 to 1, such as 0.5 for the median.
  /// - Returns: The bound of the step.
  func quantile(_ part: Double) -> Duration? {
    guard total > 0 else { return nil }
    var rest = Int((part * Double(total)).rounded(.up))
    for (step, count) in counts.enumerated() {
      rest -= count
      if rest <= 0 { return Self.bound(ofStep: step) }
    }
    return nil
  }
}
