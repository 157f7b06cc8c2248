import Testing

@testable import asyncio

@Suite struct DurationArgumentTests {
  @Test(arguments: [
    ("250ms", Duration.milliseconds(250)), ("1.5s", .milliseconds(1500)), ("2m", .seconds(120)),
    ("2min", .seconds(120)), ("1h", .seconds(3600)), ("3", .seconds(3)), ("0.25", .milliseconds(250)),
    ("10us", .microseconds(10)), ("10µs", .microseconds(10)), ("7ns", .nanoseconds(7)),
    (".5s", .milliseconds(500)),
    ("5.s", .seconds(5)), ("0", .zero), ("0.1s", .milliseconds(100)), ("1 s", .seconds(1)),
    ("0.000000001s", .nanoseconds(1)), ("1.0000000009s", .seconds(1)), ("87600h", .seconds(315_360_000)),
  ])
  func `a duration is read exactly`(text: String, expected: Duration) throws {
    #expect(try DurationArgument(parsing: text).duration == expected)
  }

  @Test(arguments: [
    "", "s", "ms", ".", ".s", "1.2.3s", "1,5s", "soon", "1d", "1S", "inf", "nan", "1e3", "0x10", "--svg",
    "1s2", "١s",
    "+1s",
  ])
  func `nonsense is refused, with how to write it`(text: String) {
    #expect(throws: (any Error).self) { try DurationArgument(parsing: text) }
  }

  @Test(arguments: ["-1", "-1s", "-0.5s", "-5x"])
  func `a negative duration is refused`(text: String) {
    #expect(throws: (any Error).self) { try DurationArgument(parsing: text) }
  }

  @Test(arguments: ["87601h", "999999999999999h", "9999999999999999999999999999s", "1000000000000s"])
  func `a duration beyond all reason is refused and does not overflow`(text: String) {
    #expect(throws: (any Error).self) { try DurationArgument(parsing: text) }
  }

  @Test(arguments: ["1s", "250ms", "2m", "1h", "10us", "7ns", "0s", "90s", "1500ms"])
  func `a description reads as the same duration`(text: String) throws {
    let argument = try DurationArgument(parsing: text)
    #expect(argument.description == text)
    #expect(try DurationArgument(parsing: argument.description) == argument)
  }
}
