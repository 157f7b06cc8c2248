import ArgumentParser
import AsyncIO
import AsyncIOHTTP

extension CrawlCommand {
  /// Crawls the site, and says what became of it.
  func execute() throws {
    let settings = try settings()
    if let report {
      do { try Destination.check(report) } catch { throw fail("the report cannot be written: \(error)") }
    }
    let journal: CrawlJournal
    let crawler: Crawler
    do {
      journal = try CrawlJournal(path: self.journal)
      crawler = try Crawler(settings, journal)
    } catch {
      throw fail("the journal cannot be used: \(error)")
    }
    let summary = try reportingFailure(on: journal) { try onLoop { try await crawler.run() } }
    let palette = Terminal(descriptor: 2).palette
    StandardStream.error.write(
      summary.lines(journal: self.journal, palette: palette).joined(separator: "\n") + "\n")
    if let report { try write(journal, to: report) }
    throw ExitCode(summary.exitStatus)
  }

  /// Calls `run`, and writes the report where it fails: a night's crawl has found something by then.
  func reportingFailure<Value>(on journal: CrawlJournal, _ run: () throws -> Value) throws -> Value {
    do { return try run() } catch {
      if let report { try write(journal, to: report) }
      throw error
    }
  }

  private func write(_ journal: CrawlJournal, to path: String) throws {
    do {
      let page = CrawlReportPage(report: try CrawlReport(journal), date: ReportDate.now)
      try OutputFile.write(Array(page.html.utf8), to: path)
    } catch {
      throw fail("the report could not be written: \(error)")
    }
    StandardStream.error.write("The report is in \(path)\n")
  }

  private func settings() throws -> CrawlSettings {
    let start: HTTPURL
    var settings: CrawlSettings
    do {
      start = try HTTPURL(url)
      settings = CrawlSettings(
        start: start,
        scope: try CrawlScope(
          start: start, hosts: host, includesSubdomains: subdomains, only: only, except: except))
    } catch {
      throw fail("\(error)")
    }
    settings.depth = depth
    settings.pages = pages
    settings.rate = rate
    settings.limit = requests.limit
    settings.limitPerHost = perHost
    settings.timeout = requests.timeout.duration
    settings.retries = retries
    settings.size = size.bytes
    settings.alike = alike
    settings.withAssets = assets
    settings.readsSitemaps = sitemaps
    settings.ignoresCanonical = ignoreCanonical
    settings.keepsParameters = keepParameters
    settings.userAgent = userAgent
    settings.fields = try connection.fields()
    settings.tls = try connection.tls()
    settings.proxies = try connection.proxies()
    settings.output = json ? .json : broken ? .broken : .text
    return settings
  }
}
