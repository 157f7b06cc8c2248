import Testing

@testable import asyncio

@Suite struct DurationTextTests {
  @Test(arguments: [
    (Duration.zero, "0 ms"), (.nanoseconds(400), "0 ms"), (.nanoseconds(600), "1 µs"),
    (.microseconds(350), "350 µs"),
    (.microseconds(999), "999 µs"), (.nanoseconds(999_600), "1.0 ms"), (.microseconds(3500), "3.5 ms"),
    (.microseconds(9960), "10 ms"), (.milliseconds(35), "35 ms"), (.milliseconds(950), "950 ms"),
    (.microseconds(999_600), "1.00 s"), (.seconds(1), "1.00 s"), (.milliseconds(9990), "9.99 s"),
    (.milliseconds(9996), "10.0 s"), (.milliseconds(12340), "12.3 s"), (.milliseconds(59960), "1 m 00 s"),
    (.seconds(63), "1 m 03 s"), (.milliseconds(3_599_600), "1 h 00 m"), (.seconds(3720), "1 h 02 m"),
    (.seconds(360_000), "100 h 00 m"), (.milliseconds(-950), "-950 ms"),
  ])
  func `a duration has the unit that suits it`(duration: Duration, text: String) {
    #expect(duration.text == text)
  }

  @Test(arguments: [
    (Duration.zero, "0:00"), (.milliseconds(7900), "0:07"), (.seconds(63), "1:03"), (.seconds(3599), "59:59"),
    (.seconds(3723), "1:02:03"), (.seconds(-5), "0:00"),
  ])
  func `a clock shows whole seconds`(duration: Duration, text: String) {
    #expect(duration.clockText == text)
  }

  @Test(arguments: [
    (1.5, 2, "1.50"), (0.05, 1, "0.1"), (0.04, 1, "0.0"), (2.5, 0, "3"), (-1.25, 1, "-1.3"),
    (-0.01, 1, "0.0"),
    (999.999, 2, "1000.00"), (.infinity, 1, "∞"), (-.infinity, 1, "-∞"), (1e300, 0, "∞"), (1.005, 3, "1.005"),
  ])
  func `decimals are rounded and filled with zeros`(value: Double, places: Int, text: String) {
    #expect(decimal(value, places: places) == text)
  }

  @Test(arguments: [
    (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1234, "1.2 KiB"), (102_350, "100 KiB"),
    (1_047_000, "1022 KiB"),
    (1_048_400, "1.0 MiB"), (1_258_291, "1.2 MiB"), (5 << 30, "5.0 GiB"), (Int.max, "8.0 EiB"),
  ])
  func `a size has the largest unit of which there is one`(bytes: Int, text: String) {
    #expect(ByteSize(bytes).description == text)
  }
}
