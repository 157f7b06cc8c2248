// Row 5 of the article: tasks that a scope owns, which end before it does.

import AsyncIO

func fetch(_ name: String) async throws -> String {
  try await sleep(for: .milliseconds(100))
  return "page \(name)"
}

try EventLoop.run {
  try await withTaskScope { scope in
    let first = scope.createTask { try await fetch("a") }
    let second = scope.createTask { try await fetch("b") }
    print(try await first.value, try await second.value)
  }

  // A server says when it listens; the scope goes on with it, until it is cancelled.
  try await withTaskScope { scope in
    let port = try await scope.start { ready in
      ready(8080)
      do {
        try await sleep(for: .seconds(60))
      } catch {
        print("the server ends:", Task.cancellationReason.map { "\($0)" } ?? "unknown")
        throw error
      }
    }
    print("listening on", port)
    scope.cancel(reason: "enough")
  }
}
