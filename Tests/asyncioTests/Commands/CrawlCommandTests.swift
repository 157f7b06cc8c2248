import ArgumentParser
import AsyncIO
import Testing

@testable import asyncio

@Suite struct CrawlCommandTests {
  @Test func `a crawl that an error has ended has a report too`() throws {
    try OutputFileTests.withFolder(leaving: ["report.html"]) { folder in
      let report = "\(folder)/report.html"
      let command = try #require(
        try AsyncIOTool.parseAsRoot(["crawl", "http://h/", "--report", report]) as? CrawlCommand)
      let journal = try CrawlReportTests.journal([CrawlReportTests.result(0, "/")])
      #expect(throws: IOError.self) {
        try command.reportingFailure(on: journal) { throw IOError(.closed, operation: "test") }
      }
      #expect(try OutputFile.read(report).contains("Crawl report"))
    }
  }
}
