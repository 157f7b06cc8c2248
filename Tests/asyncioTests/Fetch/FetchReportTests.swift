import Glibc
import Testing

@testable import asyncio

@Suite struct FetchReportTests {
  private func report(_ outcomes: [FetchResult.Outcome], bytes: Int = 0) -> FetchReport {
    var report = FetchReport()
    for outcome in outcomes {
      report.record(FetchResult("u", outcome, bytes: bytes))
    }
    return report
  }

  @Test func `results are counted`() {
    let report = report([
      .fetched(status: 200), .fetched(status: 302), .fetched(status: 404), .failed("reset"), .notFetched,
      .notSaved("full", status: 200),
    ])
    #expect(report.ok == 2)
    #expect(report.failed == 3)
    #expect(report.notFetched == 1)
    #expect(report.count == 6)
  }

  private static let exitStatuses: [([FetchResult.Outcome], Int32?, Int32)] = [
    ([], nil, 0), ([.fetched(status: 200)], nil, 0),
    ([.fetched(status: 500)], nil, 1),
    ([.fetched(status: 200), .failed("x")], nil, 1), ([.notFetched], nil, 1),
    ([.notSaved("full", status: 200)], nil, 1),
    ([.fetched(status: 200)], SIGINT, 130),
    ([.notFetched, .failed("x")], SIGTERM, 143),
  ]

  @Test(arguments: exitStatuses)
  func `the exit status says whether all went well`(
    outcomes: [FetchResult.Outcome], signal: Int32?, status: Int32
  ) {
    var report = report(outcomes)
    report.signal = signal
    #expect(report.exitStatus == status)
  }

  @Test func `what has failed in an earlier run has failed`() {
    var report = report([.fetched(status: 200)])
    report.recordEarlier("")
    #expect(report.exitStatus == 0)
    #expect(report.summary() == ["1 ok, 1 before; 0 B in 0 ms"])
    report.recordEarlier("HTTP status 404")
    #expect(report.exitStatus == 1)
    #expect(report.summary() == ["1 ok, 2 before (1 failed); 0 B in 0 ms", "  1 × HTTP status 404"])
  }

  @Test func `a summary names what there is`() {
    var report = report(Array(repeating: .fetched(status: 200), count: 40), bytes: 1024)
    report.wallTime = .milliseconds(500)
    #expect(report.summary() == ["40 ok; 40.0 KiB in 500 ms, 80 requests/s"])
  }

  @Test func `errors are grouped, the most frequent first`() {
    var report = report([
      .failed("refused"), .fetched(status: 404), .failed("refused"), .failed("a reset"), .notFetched,
      .fetched(status: 200),
    ])
    report.wallTime = .seconds(2)
    report.signal = SIGINT
    #expect(
      report.summary() == [
        "Interrupted.", "1 ok, 4 failed, 1 not fetched; 0 B in 2.00 s, 2.5 requests/s", "  2 × refused",
        "  1 × HTTP status 404", "  1 × a reset",
      ])
    report.signal = SIGTERM
    #expect(report.summary().first == "Terminated.")
  }

  @Test func `many kinds of errors do not fill the screen`() {
    let report = report((0..<25).map { .failed("error \($0)") })
    let summary = report.summary()
    #expect(summary.count == 12)
    #expect(summary.last == "  15 × other errors, of 15 kinds")
  }

  @Test func `there is no rate where no time passed`() {
    #expect(FetchReport().requestsPerSecond == nil)
    #expect(FetchReport().summary() == ["0 ok; 0 B in 0 ms"])
  }
}
