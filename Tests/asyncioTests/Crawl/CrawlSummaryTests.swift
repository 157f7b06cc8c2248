import Glibc
import Testing

@testable import asyncio

@Suite struct CrawlSummaryTests {
  private func summary(
    _ counts: [CrawlResult.Kind: Int], found: Int, earlier: Int = 0, signal: CInt? = nil
  ) -> CrawlSummary {
    CrawlSummary(
      counts: counts, found: found, earlier: earlier, bytes: 2048, wallTime: .seconds(2),
      signal: signal)
  }

  @Test func `the last words name what there is`() {
    let all = summary([.page: 10, .broken: 2, .excluded: 1], found: 13)
    #expect(
      all.lines(journal: nil) == [
        "10 pages, 2 broken, 1 excluded by robots.txt; 2.0 KiB in 2.00 s, 6.5 URLs/s"
      ])
    #expect(all.exitStatus == 1)
    #expect(summary([.page: 1], found: 1).exitStatus == 0)
  }

  @Test func `what could not be crawled, printed or noted makes the status 1`() {
    var summary = summary([.page: 1], found: 3)
    summary.leftAlone = 1
    #expect(summary.exitStatus == 1)
    #expect(
      summary.lines(journal: "j")[1] == "1 server was left alone, as its robots.txt cannot be read")
    summary.leftAlone = 2
    #expect(summary.lines(journal: "j")[1].hasPrefix("2 servers were left alone"))
    summary.leftAlone = 0
    summary.isIncomplete = true
    #expect(summary.exitStatus == 1)
  }

  @Test func `who stops a crawl is told how to go on`() {
    let stopped = summary([.page: 30], found: 42, earlier: 10, signal: SIGINT)
    #expect(stopped.exitStatus == 130)
    #expect(
      stopped.lines(journal: "j") == [
        "Interrupted.", "30 pages; 2.0 KiB in 2.00 s, 20 URLs of 30 in this run, 10 URLs/s",
        "12 URLs that were found are not fetched yet; the same command goes on with them, as they are in j",
      ])
    #expect(stopped.lines(journal: nil)[2].contains("with --journal"))
    let terminated = summary([.page: 30], found: 42, signal: SIGTERM)
    #expect(terminated.lines(journal: nil).first == "Terminated." && terminated.exitStatus == 143)
  }

  @Test func `the progress line leaves out what has no room`() {
    var progress = CrawlProgress()
    progress.update(done: 10, waiting: 5, broken: 1, bytes: 1024, elapsed: .seconds(1))
    progress.update(done: 30, waiting: 15, broken: 1, bytes: 4096, elapsed: .seconds(3))
    #expect(progress.line(width: 100) == "30 done  15 waiting  1 broken  4.0 KiB  0:03  10/s")
    #expect(progress.line(width: 20) == "30 done  15 waiting")
    #expect(progress.line(width: 5) == "30 d…")
    #expect(progress.remaining == nil)
  }

  @Test func `how long it will take is said when less and less is waiting`() {
    var progress = CrawlProgress()
    for moment in 0..<60 {
      progress.update(
        done: moment * 10, waiting: 1000 - moment * 10, broken: 0, bytes: 0,
        elapsed: .milliseconds(moment * 100))
    }
    // 410 are left of which ten go each tenth of a second.
    #expect(progress.remaining == .milliseconds(4100))
    #expect(progress.line(width: 100).hasSuffix("100/s  eta 0:04"))
  }
}
