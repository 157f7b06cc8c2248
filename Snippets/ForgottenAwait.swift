// Row 14 of the article: what is a warning or an exception in Python does not compile here. Tests/MustNotCompile pins the errors.

import AsyncIO

func answer() async throws -> Int {
  try await sleep(for: .milliseconds(10))
  return 42
}

func synchronous() {
  // let number = try await answer()  // error: 'async' call in a function that does not support concurrency
}

try EventLoop.run {
  // let number = try answer()        // error: expression is 'async' but is not marked with 'await'
  let number = try await answer()
  print(number)
}
