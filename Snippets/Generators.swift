// Row 10 of the article: async iterators and generators.

import AsyncIO

struct Page: Sendable {
  let number: Int
}

/// The pages of a server that has three of them.
func fetchPage(_ number: Int) async throws -> Page? {
  try await sleep(for: .milliseconds(20))
  return number <= 3 ? Page(number: number) : nil
}

let pages = AsyncGenerator<Page> { yield in
  var number = 1
  while let page = try await fetchPage(number) {
    try await yield(page)  // waits until the next one is asked for
    number += 1
  }
}

try EventLoop.run {
  for try await page in pages { print("page", page.number) }

  for try await page in pages where page.number == 2 {
    print("found page", page.number)
    break  // cancels the generator: no further page is fetched
  }

  let first = try await withGenerator(pages) { pages in
    try await pages.first { _ in true }
  }  // the generator has ended here, its cleanup too
  print("first page", first?.number ?? 0)

  // One more page is on its way while this one is dealt with.
  for try await page in pages.prefetch(1) { print("page", page.number) }
}
