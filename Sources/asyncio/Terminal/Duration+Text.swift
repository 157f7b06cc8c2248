extension Duration {
  /// The length in seconds.
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }

  /// The length in three digits or so, with the unit that suits it: `350 µs`, `950 ms`, `1.00 s`, `2 m 03 s`.
  var text: String {
    guard self >= .zero else { return "-" + (.zero - self).text }
    let seconds = seconds
    // Each bound is where the form before it would round up into the next unit.
    switch seconds {
    case ..<0.000_000_5: return "0 ms"
    case ..<0.000_999_5: return decimal(seconds * 1e6, places: 0) + " µs"
    case ..<0.009_95: return decimal(seconds * 1e3, places: 1) + " ms"
    case ..<0.999_5: return decimal(seconds * 1e3, places: 0) + " ms"
    case ..<9.995: return decimal(seconds, places: 2) + " s"
    case ..<59.95: return decimal(seconds, places: 1) + " s"
    case ..<3599.5:
      let whole = Int(seconds.rounded())
      return "\(whole / 60) m \(Self.twoDigits(whole % 60)) s"
    default:
      let minutes = (components.seconds + 30) / 60
      return "\(minutes / 60) h \(Self.twoDigits(Int(minutes % 60))) m"
    }
  }

  /// The length as a clock shows it, whole seconds: `0:07`, `1:02:03`.
  var clockText: String {
    let whole = max(0, Int(components.seconds))
    let minutes = whole / 60 % 60
    let seconds = Self.twoDigits(whole % 60)
    return whole < 3600 ? "\(minutes):\(seconds)" : "\(whole / 3600):\(Self.twoDigits(minutes)):\(seconds)"
  }

  private static func twoDigits(_ value: Int) -> String {
    value < 10 ? "0\(value)" : "\(value)"
  }
}
