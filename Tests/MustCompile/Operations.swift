// Operations that run side by side need no annotations where they share nothing.

import AsyncIO

func gathers(_ names: [String]) async throws -> [Int] {
  try await gather(names, limit: 10) { name in
    try await sleep(for: .milliseconds(1))
    return name.count
  }
}

func gathersSeveral() async throws -> (Int, String) {
  try await gather({ 1 }, { try await createTask(name: "text") { "one" }.value })
}

func completes(_ names: [String]) async throws -> Int {
  var sum = 0
  for try await count in asCompleted(names, limit: 10, { $0.count }) { sum += count }
  return sum
}

@MainActor func onTheMainActor(_ names: [String]) async throws -> [Int] {
  try await gather(names) { $0.count }
}

func runs() throws -> Int {
  try EventLoop.run {
    try await withTimeout(.seconds(1)) { try await withBlocking { 42 } }
  }
}
