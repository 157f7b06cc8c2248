import Testing

@testable import AsyncIORuntime

struct ReportLimiterTests {
  private static let second: Int64 = 1_000_000_000

  @Test func `a place is let pass once in ten seconds, and then says how often it was not`() {
    var limiter = ReportLimiter()
    #expect(limiter.admit("a", at: 0) == 0)
    #expect(limiter.admit("a", at: 1) == nil)
    #expect(limiter.admit("a", at: 10 * Self.second - 1) == nil)
    #expect(limiter.admit("a", at: 10 * Self.second) == 2)
    #expect(limiter.admit("a", at: 20 * Self.second) == 0)
  }

  @Test func `places do not disturb each other`() {
    var limiter = ReportLimiter()
    #expect(limiter.admit("a", at: 0) == 0)
    #expect(limiter.admit("b", at: 0) == 0)
    #expect(limiter.admit("a", at: 1) == nil)
  }

  @Test func `thousands of places take no memory for ever`() {
    var limiter = ReportLimiter()
    for number in 0..<10_000 {
      #expect(limiter.admit("\(number)", at: Int64(number)) == 0)
      #expect(limiter.count <= 256)
    }
  }
}
