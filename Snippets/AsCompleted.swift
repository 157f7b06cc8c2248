// Row 6 of the article: handle each result when it is ready.

import AsyncIO

try EventLoop.run {
  let delays = [300, 100, 200]
  let results = asCompleted(delays) { delay in
    try await sleep(for: .milliseconds(delay))
    return delay
  }
  for try await delay in results { print("done after", delay, "ms") }  // 100, 200, 300
}
