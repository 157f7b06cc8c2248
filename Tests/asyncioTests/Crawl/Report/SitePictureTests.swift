import Testing

@testable import asyncio

@Suite struct SitePictureTests {
  private func sections(_ results: [CrawlResult]) -> SiteSections {
    var sections = SiteSections(name: "h", isOfOneHost: true)
    for result in results { sections.add(result) }
    return sections
  }

  @Test func `folders are counted with what is below them`() {
    let sections = sections([
      CrawlReportTests.result(0, "/"), CrawlReportTests.result(1, "/a/"), CrawlReportTests.result(2, "/a/b"),
      CrawlReportTests.result(3, "/c", .broken, status: 404), CrawlReportTests.result(4, "/a/b/c/d/e/f/g"),
    ])
    let top = sections.children(of: 0).map { sections.sections[$0] }
    #expect(top.map(\.name) == ["a", "c"])
    #expect(top.map(\.tally.total) == [3, 1])
    #expect(top[1].tally[.broken] == 1)
    #expect(sections.sections[0].tally.total == 5)
    #expect(!sections.sections.contains { $0.name == "f" })
  }

  @Test(arguments: [1, 10, 10_000])
  func `the picture is well formed, and no larger than can be seen`(pages: Int) throws {
    let tree = SiteTree(pages: pages)
    let results = tree.paths.enumerated().map { number, path in
      number % 50 == 7
        ? CrawlReportTests.result(number, path, .broken, status: 404) : CrawlReportTests.result(number, path)
    }
    let svg = SitePicture(sections(results)).svg
    let document = try #require(XMLDocumentReader(svg))
    #expect(document.elements.count < 3000)
    #expect(svg.utf8.count < 400_000)
    if pages == 10 { #expect(svg.contains(">guide<")) }
    if pages == 10_000 { #expect(svg.contains("more: ")) }
    #expect(svg.contains(">\(pages.grouped)</text>"))
    #expect(!svg.contains("nan") && !svg.contains("∞"))
  }
}
