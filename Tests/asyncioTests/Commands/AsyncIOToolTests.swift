import ArgumentParser
import Testing

@testable import asyncio

@Suite struct AsyncIOToolTests {
  private func parse<Command>(_ arguments: [String], as type: Command.Type) throws -> Command {
    try #require(try AsyncIOTool.parseAsRoot(arguments) as? Command)
  }

  private func refusal(of arguments: [String]) -> String? {
    do {
      _ = try AsyncIOTool.parseAsRoot(arguments)
      return nil
    } catch {
      return AsyncIOTool.message(for: error)
    }
  }

  @Test func `demo has defaults`() throws {
    let command = try parse(["demo"], as: DemoCommand.self)
    #expect(command.pages == 3)
    #expect(command.delay.duration == .seconds(1))
    #expect(command.svg == "asyncio-demo.svg")
    #expect(!command.noColor)
  }

  @Test func `demo takes its options`() throws {
    let arguments = ["demo", "--pages", "12", "--delay", "250ms", "--svg", "x.svg", "--no-color"]
    let command = try parse(arguments, as: DemoCommand.self)
    #expect(command.pages == 12)
    #expect(command.delay.duration == .milliseconds(250))
    #expect(command.svg == "x.svg")
    #expect(command.noColor)
  }

  @Test func `fetch has defaults`() throws {
    let command = try parse(["fetch", "http://a/", "http://b/"], as: FetchCommand.self)
    #expect(command.urls == ["http://a/", "http://b/"])
    #expect(command.input == nil)
    #expect(command.requests.limit == 10)
    #expect(command.requests.timeout.duration == .seconds(30))
    #expect(command.rate == 0 && command.retries == 0)
    #expect(command.output == nil)
    #expect(!command.json)
  }

  @Test func `fetch takes its options`() throws {
    let arguments = [
      "fetch", "--input", "-", "--limit", "200", "--timeout", "1m", "--rate", "5", "--output", "pages",
      "--json",
      "--cert", "c", "--key", "k", "http://c/",
    ]
    let command = try parse(arguments, as: FetchCommand.self)
    #expect(command.urls == ["http://c/"])
    #expect(command.input == "-")
    #expect(command.requests.limit == 200)
    #expect(command.requests.timeout.duration == .seconds(60))
    #expect(command.rate == 5)
    #expect(command.connection.certificate.cert == "c" && command.connection.certificate.key == "k")
    #expect(command.output == "pages")
    #expect(command.json)
  }

  @Test func `fetch takes a queue, with URLs or without`() throws {
    let worker = try parse(["fetch", "--queue", "postgres:host=/tmp dbname=x"], as: FetchCommand.self)
    #expect(worker.queue?.server == "host=/tmp dbname=x")
    #expect(worker.runName == nil && worker.claim == nil)
    let arguments = [
      "fetch", "--queue", "postgresql://db/x", "--run", "nightly-2", "--claim", "1m", "http://a/",
    ]
    let command = try parse(arguments, as: FetchCommand.self)
    #expect(command.queue?.server == "postgresql://db/x")
    #expect(command.runName == "nightly-2" && command.claim?.duration == .seconds(60))
  }

  @Test func `crawl has polite defaults`() throws {
    let command = try parse(["crawl", "http://a/"], as: CrawlCommand.self)
    #expect(command.url == "http://a/")
    #expect(command.perHost == 2 && command.requests.limit == 10)
    #expect(command.requests.timeout.duration == .seconds(30))
    #expect(command.rate == 10)
    #expect(command.pages == 10_000)
    #expect(command.depth == 20)
    #expect(command.journal == nil)
    #expect(command.connection.header.isEmpty)
  }

  @Test func `crawl takes its options`() throws {
    let arguments = [
      "crawl", "http://a/", "--host", "b", "--host", "c:8080", "--subdomains", "--only", "/docs/", "--except",
      "-x",
      "--sitemaps", "--assets", "--size", "1M", "--journal", "j", "--report", "r.html", "--json", "-H",
      "a: b",
    ]
    let command = try parse(arguments, as: CrawlCommand.self)
    #expect(command.host == ["b", "c:8080"])
    #expect(command.subdomains)
    #expect(command.only == ["/docs/"])
    #expect(command.except == ["-x"])
    #expect(command.sitemaps && command.assets && command.json)
    #expect(command.size.bytes == 1 << 20)
    #expect(command.connection.header == ["a: b"])
  }

  @Test func `serve has defaults`() throws {
    let command = try parse(["serve"], as: ServeCommand.self)
    #expect(command.host == "127.0.0.1")
    #expect(command.port == 8080)
    #expect(command.delay.duration == .zero)
    #expect(command.size.bytes == 1024)
    #expect(command.errorRate == 0)
  }

  @Test func `serve takes its options`() throws {
    let arguments = [
      "serve", "--host", "::1", "--port", "0", "--delay", "1.5s", "--size", "64k", "--error-rate", "0.25",
    ]
    let command = try parse(arguments, as: ServeCommand.self)
    #expect(command.host == "::1")
    #expect(command.port == 0)
    #expect(command.delay.duration == .milliseconds(1500))
    #expect(command.size.bytes == 65536)
    #expect(command.errorRate == 0.25)
  }

  @Test(arguments: [
    (["demo", "--pages", "0"], "'--pages' must be 1…1000, not 0."),
    (["demo", "--pages", "-4"], "'--pages' must be 1…1000, not -4."),
    (["demo", "--delay", "soon"], "Write a duration as 250ms, 1.5s, 2m or 1h."),
    (["demo", "--delay", "-1s"], "A duration cannot be negative."),
    (["demo", "--svg", ""], "'--svg' needs a name."),
    (["fetch"], "Nothing to fetch: give URLs, or a file of them with '--input'."),
    (["fetch", "--limit", "0", "http://a/"], "'--limit' must be 1…1000000, not 0."),
    (["fetch", "--limit", "\(Int.max)", "http://a/"], "'--limit' must be 1…1000000"),
    (["fetch", "--retries", "\(Int.max)", "http://a/"], "'--retries' must be 0…1000"),
    (["fetch", "--per-host", "0", "http://a/"], "'--per-host' must be 1…1000000, not 0."),
    (["fetch", "--rate", "-1", "http://a/"], "'--rate' must be 0…1000000, not -1."),
    (["fetch", "--timeout", "0", "http://a/"], "'--timeout' must be longer than nothing."),
    (["fetch", "--input", ""], "'--input' needs a name."),
    (["fetch", "--output", "", "http://a/"], "'--output' needs a name."),
    (["fetch", "--journal", "", "http://a/"], "'--journal' needs a name."),
    (["fetch", "--timeline", "", "http://a/"], "'--timeline' needs a name."),
    (["fetch", "--run", "x", "http://a/"], "'--run' and '--claim' are for a run with '--queue'."),
    (["fetch", "--claim", "1m", "http://a/"], "'--run' and '--claim' are for a run with '--queue'."),
    (["fetch", "--cert", "c", "http://a/"], "'--cert' and '--key' go together."),
    (["fetch", "--queue", "redis:x"], "Write a queue as postgres://host/database"),
    (["fetch", "--queue", "postgres:", "--journal", "x"], "'--queue' and '--journal' do not go together"),
    (["fetch", "--queue", "postgres:", "--run", "A B"], "'--run' must be up to 32 small letters"),
    (["fetch", "--queue", "postgres:", "--run", "x_urls"], "'--run' must not end in '_urls'"),
    (["fetch", "--queue", "postgres:", "--claim", "1ms"], "'--claim' must be at least 100ms."),
    (["crawl"], "Missing expected argument"),
    (["crawl", "http://a/", "--rate", "-1"], "'--rate' must be 0…1000000, not -1."),
    (["crawl", "http://a/", "--retries", "\(Int.max)"], "'--retries' must be 0…1000"),
    (["crawl", "http://a/", "--per-host", "\(Int.max)"], "'--per-host' must be 1…1000000"),
    (["crawl", "http://a/", "--depth", "-1"], "'--depth' must be at least 0."),
    (["crawl", "http://a/", "--pages", "0"], "must be at least 1."),
    (["crawl", "http://a/", "--report", ""], "'--report' needs a name."),
    (["crawl", "http://a/", "--user-agent", "1"], "must begin with a name of letters"),
    (["crawl", "http://a/", "--json", "--broken"], "do not go together"),
    (["serve", "--key", "k"], "'--cert' and '--key' go together."),
    (["serve", "--site", "0"], "'--site' must be 1…1000000, not 0."),
    (["serve", "--host", ""], "'--host' needs an address."),
    (["serve", "--port", "65536"], "'--port' must be 0…65535, not 65536."),
    (["serve", "--port", "-1"], "'--port' must be 0…65535, not -1."),
    (["serve", "--size", "many"], "Write a size in bytes as 512, 64k or 1M."),
    (["serve", "--error-rate", "1.5"], "'--error-rate' must be 0…1, not 1.5."),
    (["serve", "--error-rate", "nan"], "'--error-rate' must be 0…1, not nan."),
  ])
  func `a wrong argument is refused with the reason`(arguments: [String], reason: String) throws {
    let message = try #require(refusal(of: arguments))
    #expect(message.contains(reason))
  }

  @Test func `help names every command`() {
    let help = AsyncIOTool.helpMessage()
    for name in ["demo", "fetch", "crawl", "serve"] {
      #expect(help.contains(name))
    }
  }

  @Test func `help shows the defaults that the parser cannot`() {
    #expect(DemoCommand.helpMessage().contains("(default: 1s)"))
    #expect(FetchCommand.helpMessage().contains("(default: 30s)"))
    #expect(ServeCommand.helpMessage().contains("(default: 0s)"))
    #expect(ServeCommand.helpMessage().contains("(default: 1024)"))
  }
}
