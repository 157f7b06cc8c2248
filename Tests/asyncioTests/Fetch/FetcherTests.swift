import AsyncIO
import AsyncIOHTTP
import AsyncIOTesting
import Foundation
import Glibc
import HTTPTypes
import Synchronization
import Testing

@testable import asyncio

@Suite(.virtualTime) struct FetcherTests {
  /// What the server is asked for.
  private final class Log: Sendable {
    let requests = Mutex<[String]>([])
    let running = Mutex<(now: Int, most: Int)>((0, 0))
    /// What was said to people.
    let words = Mutex("")

    var count: Int { requests.withLock { $0.count } }

    /// Answers with the path.
    func answer(
      _ body: @escaping @Sendable (HTTPServerRequest) async throws -> HTTPServerResponse = {
        HTTPServerResponse(text: $0.path)
      }
    ) -> [any HTTPMiddleware] {
      [
        HTTPInProcessServer { request in
          self.requests.withLock { $0.append(request.path) }
          self.running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
          defer { self.running.withLock { $0.now -= 1 } }
          return try await body(request)
        }
      ]
    }
  }

  private func fetch(_ urls: [String], _ settings: Fetcher.Settings, _ log: Log = Log()) async -> FetchReport
  {
    let display = LiveDisplay(
      isLive: false, width: { 80 },
      display: { text in
        log.words.withLock { $0 += text }
        return true
      }, output: { _ in true })
    return await Fetcher(urls, settings, display: display).run()
  }

  private func settings(_ network: [any HTTPMiddleware]) -> Fetcher.Settings {
    var settings = Fetcher.Settings()
    settings.proxies = .none
    settings.network = network
    return settings
  }

  private func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = "/tmp/asyncio-fetcher-\(UInt64.random(in: .min ... .max))"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try OutputFile.makeFolder(path)
    return try await body(path)
  }

  /// Takes a journal as it is for another run.
  private func reopen(_ journal: String, _ settings: inout Fetcher.Settings) async throws {
    settings.journal = nil
    // The progress bar of the run before may hold it still.
    await settle()
    settings.journal = try FetchJournal(path: journal)
  }

  private let urls = (0..<10).map { "http://a.test/\($0)" }

  // MARK: Time

  @Test func `the wait for its turn is not a request's time`() async {
    let log = Log()
    var settings = settings(
      log.answer { request in
        try await sleep(for: .seconds(1))
        return HTTPServerResponse(text: request.path)
      })
    settings.rate = 1
    settings.timeout = .seconds(5)
    let report = await fetch(urls, settings)
    #expect(report.ok == 10 && report.exitStatus == 0)
    #expect(report.wallTime == .seconds(10))
  }

  @Test func `neither is the wait for a place with its host`() async {
    let log = Log()
    var settings = settings(
      log.answer { request in
        try await sleep(for: .seconds(3))
        return HTTPServerResponse(text: request.path)
      })
    settings.limitPerHost = 2
    settings.timeout = .seconds(5)
    let report = await fetch(urls, settings)
    #expect(report.ok == 10)
    #expect(log.running.withLock { $0.most } == 2)
    #expect(report.wallTime == .seconds(15))
  }

  @Test func `nor is the turn of a redirect`() async {
    let log = Log()
    var settings = settings(
      log.answer { request in
        request.path.hasPrefix("/to/")
          ? HTTPServerResponse(text: request.path) : .redirect(to: "/to" + request.path)
      })
    settings.rate = 1
    settings.timeout = .seconds(5)
    let report = await fetch(urls, settings)
    #expect(report.ok == 10 && log.count == 20)
    #expect(report.wallTime == .seconds(19))
  }

  @Test(arguments: [0, 1]) func `what takes too long has failed, also where there are turns`(rate: Int) async
  {
    let log = Log()
    var settings = settings(
      log.answer { _ in
        try await sleep(for: .seconds(1000))
        return HTTPServerResponse()
      })
    settings.rate = rate
    settings.timeout = .seconds(5)
    let report = await fetch(["http://a.test/"], settings)
    #expect(report.failed == 1)
    #expect(report.errorGroups.first?.message.hasPrefix("timed out after 5.0 seconds") == true)
    #expect(report.wallTime == .seconds(5))
  }

  // MARK: Attempts

  @Test func `what has taken too long is tried again, each time for as long`() async {
    let log = Log()
    var settings = settings(
      log.answer { request in
        if log.count <= 2 { try await sleep(for: .seconds(1000)) }
        return HTTPServerResponse(text: request.path)
      })
    settings.timeout = .seconds(5)
    settings.retries = 2
    let report = await fetch(["http://a.test/"], settings)
    #expect(report.ok == 1 && log.count == 3)
    #expect(report.wallTime > .seconds(10) && report.wallTime < .seconds(15))
  }

  @Test(arguments: [0, 2]) func `what fails each time is tried so often and no more`(retries: Int) async {
    let log = Log()
    var settings = settings(log.answer { _ in HTTPServerResponse(status: .serviceUnavailable) })
    settings.retries = retries
    let report = await fetch(["http://a.test/"], settings)
    #expect(report.failed == 1 && log.count == retries + 1)
  }

  // MARK: A journal

  @Test func `what could not be saved is fetched again by another run`() async throws {
    try await withFolder { folder in
      let log = Log()
      var settings = settings(log.answer())
      settings.folder = folder + "/missing"
      settings.journal = try FetchJournal(path: folder + "/journal")
      let first = await fetch(["http://a.test/x"], settings)
      #expect(first.failed == 1 && first.exitStatus == 1)
      #expect(first.errorGroups.first?.message.hasPrefix("not saved: ") == true)

      settings.folder = folder
      try await reopen(folder + "/journal", &settings)
      let second = await fetch(["http://a.test/x"], settings)
      #expect(second.ok == 1 && second.earlier == 0 && second.exitStatus == 0)
      #expect(try OutputFile.read(folder + "/a.test_x") == "/x")
      #expect(log.count == 2)
    }
  }

  @Test func `what has failed in an earlier run is not fetched again, and has failed`() async throws {
    try await withFolder { folder in
      let log = Log()
      var settings = settings(
        log.answer { HTTPServerResponse(status: $0.path == "/0" ? .notFound : .ok) })
      for expected in [0, 10] {
        try await reopen(folder + "/journal", &settings)
        let report = await fetch(urls, settings, log)
        #expect(report.exitStatus == 1 && report.earlier == expected)
      }
      #expect(log.count == 10)
      #expect(log.words.withLock { $0.contains("0 ok, 10 before (1 failed); ") })
      try await reopen(folder + "/journal", &settings)
      let others = await fetch(Array(urls.dropFirst()), settings)
      #expect(others.exitStatus == 0 && others.earlier == 9)
    }
  }

  @Test func `a list that was changed leaves what is saved where it is`() async throws {
    try await withFolder { folder in
      var settings = settings(Log().answer())
      settings.folder = folder
      settings.journal = try FetchJournal(path: folder + "/journal")
      let first = await fetch(["http://h/a/b"], settings)
      try await reopen(folder + "/journal", &settings)
      let second = await fetch(["http://h/a_b", "http://h/a/b"], settings)
      #expect(first.ok == 1 && second.ok == 1 && second.earlier == 1)
      #expect(try OutputFile.read(folder + "/h_a_b") == "/a/b")
      #expect(try OutputFile.read(folder + "/h_a_b-2") == "/a_b")
    }
  }

  // MARK: With others

  @Test func `what one process cannot save is given out again`() async throws {
    try await withFolder { folder in
      let queue = MemoryFetchQueue([])
      let log = Log()
      var settings = settings(
        log.answer { request in
          // The folder is there when it is tried again.
          if log.count == 2 { try OutputFile.makeFolder(folder + "/late") }
          return HTTPServerResponse(text: request.path)
        })
      settings.folder = folder + "/late"
      settings.queue = queue
      let report = await fetch(["http://a.test/x"], settings, log)
      #expect(report.ok == 1 && report.failed == 0)
      #expect(queue.attempts == [2] && queue.results.map(\.?.isOK) == [true])
      #expect(log.words.withLock { $0.contains("asyncio: http://a.test/x: not saved: ") })
      let body = try OutputFile.read(folder + "/late/0")
      #expect(body == "/x")
    }
  }

  @Test func `cancelled, it names what was not fetched, and says so`() async throws {
    let log = Log()
    let settings = settings(
      log.answer { request in
        if request.path != "/0" { try await sleep(for: .seconds(1000)) }
        return HTTPServerResponse(text: request.path)
      })
    let task = createTask { await self.fetch(self.urls, settings, log) }
    try await sleep(for: .seconds(1))
    task.cancel()
    let report = try await task.value
    #expect(report.signal == SIGINT && report.exitStatus == 130)
    #expect(report.summary().first == "Interrupted.")
    #expect(log.words.withLock { $0.contains("1 ok, 9 not fetched") })
  }
}
