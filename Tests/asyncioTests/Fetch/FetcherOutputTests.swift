import AsyncIOHTTP
import AsyncIOTesting
import Glibc
import Synchronization
import Testing

@testable import asyncio

@Suite(.virtualTime) struct FetcherOutputTests {
  private func display(failing error: CInt) -> LiveDisplay {
    LiveDisplay(
      isLive: false, width: { 80 }, display: { _ in true },
      output: { _ in
        errno = error
        return false
      })
  }

  @Test func `what cannot be printed makes the status 1`() async {
    let fetcher = Fetcher([], Fetcher.Settings(), display: display(failing: ENOSPC))
    fetcher.report(FetchResult("http://h/", .fetched(status: 200)))
    #expect(await fetcher.run().exitStatus == 1)
  }

  @Test func `when nobody reads the results, the rest is not fetched`() async {
    var settings = Fetcher.Settings()
    settings.limit = 1
    settings.proxies = .none
    // Nobody listens there.
    let urls = (0..<50).map { "http://127.0.0.1:1/\($0)" }
    let fetcher = Fetcher(urls, settings, display: display(failing: EPIPE))
    let report = await fetcher.run()
    #expect(report.notFetched > 0)
    #expect(report.exitStatus == 1)
  }

  @Test func `what cannot be noted in the journal makes the status 1`() async {
    // In a process of its own, as the limit is for all of a process.
    await #expect(processExitsWith: .success) {
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 10, rlim_max: 10)
      // The kernel reads one limit.
      try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let path = "/tmp/asyncio-journal-\(getpid())"
      defer { unsafe unlink(path) }
      var settings = Fetcher.Settings()
      settings.journal = try FetchJournal(path: path)
      let display = LiveDisplay(isLive: false, width: { 80 }, display: { _ in true }, output: { _ in true })
      let fetcher = Fetcher([], settings, display: display)
      fetcher.report(FetchResult("http://h/", .fetched(status: 200)))
      #expect(fetcher.state.withLock { $0.report.exitStatus } == 1)
    }
  }
}
