import Testing

@testable import asyncio

@Suite struct FetchRunSummaryTests {
  @Test func `all went well`() {
    var summary = FetchRunSummary(name: "nightly")
    summary.ok = 2000
    summary.bytes = 2_048_000
    summary.workers = [(name: "a:1", count: 1200), (name: "b:7", count: 800)]
    #expect(summary.isOK)
    #expect(
      summary.lines() == ["run 'nightly': 2000 ok of 2000; 2.0 MiB", "  1200 by a:1", "  800 by b:7"])
  }

  @Test func `what did not is named`() {
    var summary = FetchRunSummary(name: "nightly")
    summary.ok = 5
    summary.failed = 2
    summary.dead = 12
    summary.left = 1
    summary.repeated = 60
    summary.errors = [(message: "HTTP status 404", count: 2)]
    summary.deadURLs = [("http://a/\u{1B}[2J", nil), ("http://b/", "not saved: full\n")]
    #expect(!summary.isOK)
    #expect(
      summary.lines() == [
        "run 'nightly': 5 ok, 2 failed, 12 dead, 1 left of 20; 0 B, 60 given out again",
        "  2 × HTTP status 404",
        "  dead: http://a/\u{FFFD}[2J", "  dead: http://b/ : not saved: full ", "  dead: 10 more",
      ])
  }
}
