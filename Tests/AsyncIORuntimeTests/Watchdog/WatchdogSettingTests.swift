import AsyncIOTesting
import Testing

@testable import AsyncIORuntime

struct WatchdogSettingTests {
  @Test(arguments: ["off", "no", "false", "0"]) func `the environment can turn it off`(_ text: String) {
    #expect(Watchdog.setting(text) == nil)
  }

  @Test(arguments: ["on", "yes", "true", "1", ""]) func `or on`(_ text: String) {
    #expect(Watchdog.setting(text)?.threshold == .milliseconds(100))
  }

  @Test func `or say how long`() {
    #expect(Watchdog.setting("250ms")?.threshold == .milliseconds(250))
    #expect(Watchdog.setting("2s")?.threshold == .seconds(2))
  }

  @Test(arguments: ["ms", "-3s", "0ms", "soon", "1.5s", "3"])
  func `what it does not understand is the default`(_ text: String) {
    #expect(Watchdog.setting(text)?.threshold == .milliseconds(100))
  }

  @Test func `a threshold below a millisecond is a mistake`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Watchdog(threshold: .microseconds(999))
    }
    let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(errors.contains("a watchdog's threshold is at least a millisecond, not 0.000999 seconds"))
  }

  @Test func `a frame without a place names its image`() {
    let frame = BlockingReport.Frame(function: "read", image: "libc.so.6")
    #expect(frame.description == "read in libc.so.6")
    #expect(
      BlockingReport.Frame(function: "main()", file: "/a.swift", line: 3, image: "app").description
        == "main() at /a.swift:3")
  }

  @Test func `a report without a stack is one line`() {
    let report = BlockingReport(task: nil, duration: .milliseconds(120), stack: [], omitted: 2)
    #expect(
      report.description
        == "a task without a name has held the event loop for 0.12 seconds without giving way"
        + " (and 2 more times there)")
  }
}
