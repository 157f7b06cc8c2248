// Row 7 of the article: give up after a while; and what else there is to say about time and cancellation.

import AsyncIO

func slowOperation() async throws -> String {
  try await sleep(for: .seconds(10))
  return "done"
}

try EventLoop.run {
  do {
    try await withTimeout(.milliseconds(100)) { print(try await slowOperation()) }
  } catch is TimeoutError {
    print("timed out")
  }

  let result = try await withTimeoutOrNil(.milliseconds(50)) { try await slowOperation() } ?? "nothing yet"
  print(result)

  // What must be done is done, although the time is over.
  try await withTimeoutOrNil(.milliseconds(50)) {
    do { _ = try await slowOperation() } catch {
      try await withShield { try await sleep(for: .milliseconds(20)) }
      print("said goodbye:", Task.cancellationReason.map { "\($0)" } ?? "unknown")
      throw error
    }
  }

  // The first of two decides, the other is cancelled and awaited.
  print(try await race({ try await slowOperation() }, { "the fast one" }))
}
