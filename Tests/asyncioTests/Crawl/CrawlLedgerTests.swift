import Testing

@testable import asyncio

@Suite struct CrawlLedgerTests {
  /// A ledger that knows so many URLs.
  private func ledger(_ count: Int) -> CrawlLedger {
    var ledger = CrawlLedger()
    for id in 0..<count { #expect(ledger.register("http://h/\(id)").id == id) }
    return ledger
  }

  private func result(_ id: Int, _ kind: CrawlResult.Kind, to target: Int? = nil) -> CrawlResult {
    CrawlReportTests.result(id, "/\(id)", kind, to: target.map { [$0] } ?? [])
  }

  @Test func `copies of a page stay copies, whether it comes before or after them`() {
    var ledger = ledger(3)
    #expect(ledger.record(result(0, .duplicate, to: 1), at: 100) == [])
    #expect(ledger.record(result(1, .page), at: 200) == [])
    #expect(ledger.record(result(2, .duplicate, to: 1), at: 300) == [])
    #expect(ledger.counts == [.duplicate: 2, .page: 1])
  }

  @Test(arguments: [CrawlResult.Kind.broken, .excluded, .file])
  func `copies of what is no page are open again`(kind: CrawlResult.Kind) {
    var ledger = ledger(3)
    #expect(ledger.record(result(0, .duplicate, to: 2), at: 100) == [])
    #expect(ledger.record(result(1, .duplicate, to: 2), at: 200) == [])
    let copies = ledger.record(result(2, kind), at: 300)
    #expect(copies == [CrawlLedger.Copy(id: 0, place: 100), CrawlLedger.Copy(id: 1, place: 200)])
    #expect(ledger.counts == [kind: 1])
    #expect(ledger.finished == 1)
    #expect(ledger.end(of: 2, for: 0) == nil)
    // Once is enough.
    #expect(ledger.record(result(0, .page), at: 400) == [])
    #expect(ledger.counts == [kind: 1, .page: 1])
  }

  @Test func `a redirect is followed to what it leads to`() {
    var ledger = ledger(4)
    #expect(ledger.record(result(0, .duplicate, to: 1), at: 100) == [])
    _ = ledger.redirect(from: 1, to: 2)
    #expect(ledger.record(result(1, .redirect, to: 2), at: 200) == [])
    #expect(ledger.end(of: 1, for: 0) == 2)
    // Back to the copy, over one more.
    _ = ledger.redirect(from: 2, to: 0)
    #expect(ledger.record(result(2, .redirect, to: 0), at: 300) == [CrawlLedger.Copy(id: 0, place: 100)])
    // To another host.
    #expect(ledger.record(result(3, .redirect), at: 400) == [])
    #expect(ledger.end(of: 3, for: 0) == nil)
  }

  @Test func `of two that call each other the original, one is open again`() {
    var ledger = ledger(2)
    #expect(ledger.record(result(0, .duplicate, to: 1), at: 100) == [])
    #expect(ledger.end(of: 0, for: 1) == nil)
    #expect(ledger.record(result(1, .duplicate, to: 0), at: 200).count == 1)
    #expect(ledger.finished == 1)
  }
}
