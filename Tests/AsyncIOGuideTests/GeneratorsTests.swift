import AsyncIO
import AsyncIOTesting
import Testing

/// The code of the guide's page on generators.
@Suite struct GeneratorsTests {
  struct Page: Sendable {
    let number: Int
  }

  static func fetchPage(_ number: Int) async throws -> Page? {
    try await sleep(for: .milliseconds(20))
    return number <= 3 ? Page(number: number) : nil
  }

  @Test(.virtualTime) func `pages one by one`() async throws {
    let fetchPage = Self.fetchPage
    let pages = AsyncGenerator<Page> { yield in
      var number = 1
      while let page = try await fetchPage(number) {
        try await yield(page)
        number += 1
      }
    }
    for try await page in pages { print(page) }

    let second = try await withGenerator(pages) { pages in try await pages.first { $0.number == 2 } }
    // The generator has ended here, its cleanup too.
    #expect(second?.number == 2)

    let stored = Journal<Int>()
    @Sendable func store(_ page: Page) async throws { stored.note(page.number) }
    try await pages.forEach { page in try await store(page) }
    // The generator has ended here, its cleanup too.
    #expect(stored.entries == [1, 2, 3])

    var numbers: [Int] = []
    for try await page in pages.prefetch(2) { numbers.append(page.number) }
    #expect(numbers == [1, 2, 3])
  }

  @Test(.virtualTime) func `as they complete`() async throws {
    var count = 0
    for try await page in asCompleted(urls, limit: 2, { try await fetch($0) }) {
      count += 1
      print(page)
      if count == 2 { break }  // the third is cancelled
    }
    #expect(count == 2)
  }
}
