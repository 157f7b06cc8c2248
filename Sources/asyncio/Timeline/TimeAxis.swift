/// The axis that all runs of a timeline share, with round numbers for its ticks.
struct TimeAxis: Sendable, Equatable {
  /// A place on the axis that is written out.
  struct Tick: Sendable, Equatable {
    /// Where, as a fraction of the axis.
    var position: Double
    /// The time there: `0.5 s`.
    var label: String
  }

  /// The time at the end of the axis, in seconds; more than nothing.
  let length: Double
  /// The ticks from left to right, the first at zero.
  let ticks: [Tick]

  /// An axis up to the longest time.
  /// - Parameters:
  ///   - longest: The time that must be on it; where that is nothing, there is but the tick at zero.
  ///   - maximumIntervals: How many ticks there is room for after the one at zero.
  init(upTo longest: Duration, maximumIntervals: Int) {
    let length = longest > .zero ? max(longest.seconds, 1e-6) : 0.001
    let step = Self.roundStep(atLeast: length / Double(max(1, maximumIntervals)))
    // A little tolerance, so that three times 0.1 is not beyond 0.3.
    let count = longest > .zero ? Int((length / step.seconds + 1e-9).rounded(.down)) : 0
    let unit =
      step.seconds * Double(max(1, count)) < 0.9995 ? (name: "ms", scale: 1e3) : (name: "s", scale: 1.0)
    let places = max(0, -step.exponent - (unit.scale == 1 ? 0 : 3))
    self.length = length
    ticks = (0...count).map { index in
      let time = step.seconds * Double(index)
      let number = index == 0 ? "0" : decimal(time * unit.scale, places: min(places, 6))
      return Tick(position: time / length, label: "\(number) \(unit.name)")
    }
  }

  /// Where a time is, as a fraction of the axis.
  func position(of time: Duration) -> Double {
    min(max(time.seconds / length, 0), 1)
  }

  /// The smallest of 1, 2, 5 times a power of ten that is not below `minimum`.
  private static func roundStep(atLeast minimum: Double) -> (seconds: Double, exponent: Int) {
    var power = 1.0
    var exponent = 0
    while power > minimum { (power, exponent) = (power / 10, exponent - 1) }
    while power * 10 <= minimum { (power, exponent) = (power * 10, exponent + 1) }
    for factor in [1.0, 2, 5] where power * factor >= minimum * (1 - 1e-9) {
      return (power * factor, exponent)
    }
    return (power * 10, exponent + 1)
  }
}
