import Testing

@testable import asyncio

@Suite struct TimeAxisTests {
  @Test(arguments: [
    (Duration.milliseconds(3010), 6, ["0 s", "1 s", "2 s", "3 s"]),
    (.milliseconds(3010), 7, ["0 s", "0.5 s", "1.0 s", "1.5 s", "2.0 s", "2.5 s", "3.0 s"]),
    (.milliseconds(300), 3, ["0 ms", "100 ms", "200 ms", "300 ms"]),
    (.microseconds(350), 4, ["0 ms", "0.1 ms", "0.2 ms", "0.3 ms"]),
    (.seconds(90), 5, ["0 s", "20 s", "40 s", "60 s", "80 s"]),
    (.seconds(1), 1, ["0 s", "1 s"]),
    (.milliseconds(1200), 6, ["0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1.0 s", "1.2 s"]),
    (.zero, 5, ["0 ms"]),
  ])
  func `ticks are round numbers`(longest: Duration, intervals: Int, labels: [String]) {
    #expect(TimeAxis(upTo: longest, maximumIntervals: intervals).ticks.map(\.label) == labels)
  }

  @Test(arguments: 1...12, [1, 7, 99, 1234, 5000, 123_456, 99_999_999])
  func `ticks are on the axis, no more than there is room for`(intervals: Int, milliseconds: Int) {
    let axis = TimeAxis(upTo: .milliseconds(milliseconds), maximumIntervals: intervals)
    #expect((1...intervals + 1).contains(axis.ticks.count))
    #expect(axis.ticks.first?.position == 0)
    #expect(axis.ticks.allSatisfy { (0...1.000001).contains($0.position) })
    #expect(Set(axis.ticks.map(\.label)).count == axis.ticks.count)
  }

  @Test func `a time off the axis is put at its end`() {
    let axis = TimeAxis(upTo: .seconds(2), maximumIntervals: 4)
    #expect(axis.position(of: .seconds(1)) == 0.5)
    #expect(axis.position(of: .seconds(9)) == 1)
    #expect(axis.position(of: .seconds(-1)) == 0)
  }
}
