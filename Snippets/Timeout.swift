// Row 7 of the article: give up after a while.

import AsyncIO

try EventLoop.run {
  do {
    try await withTimeout(.milliseconds(100)) { try await sleep(for: .seconds(10)) }
  } catch is TimeoutError {
    print("timed out")
  }
}
