// Row 4 of the article: results in the order of the arguments, at most ten at a time; or of several types at once.

import AsyncIO

func square(_ number: Int) async throws -> Int {
  try await sleep(for: .milliseconds(100 - number))
  return number * number
}

try EventLoop.run {
  let squares = try await gather(1...20, limit: 10) { try await square($0) }
  print(squares)

  let (number, text) = try await gather({ try await square(7) }, { "seven" })
  print(number, text)
}
