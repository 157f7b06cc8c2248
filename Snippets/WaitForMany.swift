// Row 1 of the article: wait for many things at once.

import AsyncIO

func fetch(_ page: Int) async throws -> String {
  try await sleep(for: .seconds(1))
  return "page \(page)"
}

try EventLoop.run {
  let start = LoopClock.now
  for page in 1...3 { _ = try await fetch(page) }
  print("one after another:", start.duration(to: LoopClock.now))  // about 3 seconds

  let restart = LoopClock.now
  let pages = try await gather(1...3) { try await fetch($0) }
  print("at once:", restart.duration(to: LoopClock.now), pages)  // about 1 second
}
