// Row 11 of the article: limit concurrency.

import AsyncIO

let connections = AsyncSemaphore(10)
let pages = RateLimiter(50, per: .seconds(1), burst: 5)

func fetch(_ number: Int) async throws -> Int {
  try await pages.acquire()  // no more than 50 in a second
  return try await connections.withPermit {  // no more than 10 at once
    try await sleep(for: .milliseconds(20))
    return number
  }
}

try EventLoop.run {
  let start = LoopClock.now
  let results = try await gather(0..<25) { try await fetch($0) }
  print(results.count, "pages in", start.duration(to: LoopClock.now))  // about 0.4 seconds
  print("free again:", connections.statistics.free)
}
