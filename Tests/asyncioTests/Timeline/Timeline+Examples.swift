@testable import asyncio

extension Timeline {
  /// Pages that take `delay` each, one after another and at once, as the demonstration measures them.
  static func pages(_ count: Int, delay: Duration = .seconds(1), label: (Int) -> String = { "page \($0)" })
    -> Timeline
  {
    Timeline(
      title: "\(count) pages",
      runs: [
        Run(
          "One after another",
          bars: (0..<count).map { Bar(label($0 + 1), from: delay * $0, to: delay * ($0 + 1)) }),
        Run("At once", bars: (0..<count).map { Bar(label($0 + 1), from: .zero, to: delay) }),
      ])
  }

  /// Bars that failed, were cancelled, took no time, or have labels that are hard to show.
  static var hard: Timeline {
    Timeline(
      title: "<hard> & \"long\" \u{1B}[31m",
      runs: [
        Run(
          "a < b",
          bars: [
            Bar("http://example.com/a?b=1&c=<2>'\"", from: .zero, to: .milliseconds(300)),
            Bar("日本語日本語日本語日本語日本語日本語", from: .milliseconds(300), to: .milliseconds(300)),
            Bar("failed", from: .zero, to: .milliseconds(100), outcome: .failed("<reset> & \u{0} gone")),
            Bar("late", from: .milliseconds(290), to: .milliseconds(300), outcome: .failed("timed out")),
            Bar("👨‍👩‍👧‍👦 cancelled", from: .milliseconds(10), to: .milliseconds(20), outcome: .cancelled),
            Bar("e\u{301}\u{301}", from: .milliseconds(20), to: .milliseconds(10)),
          ])
      ])
  }
}
