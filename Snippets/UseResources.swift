// Row 9 of the article: what is opened is closed, whatever happens in between.

import AsyncIO

struct Connection: AsyncResource {
  let name: String

  func open() async throws -> Connection {
    try await sleep(for: .milliseconds(10))
    print("open", name)
    return self
  }

  func close(_ connection: Connection, after exit: ExitCase) async throws {
    try await sleep(for: .milliseconds(10))  // cannot be cancelled here
    print("close", name)
  }
}

try EventLoop.run {
  try await withResource(Connection(name: "one")) { connection in
    print("use", connection.name)
  }

  // Several, closed in the reverse order, also when the time is over.
  _ = try await withTimeoutOrNil(.milliseconds(50)) {
    try await withExitStack { stack in
      for name in ["two", "three"] { try await stack.enter(Connection(name: name)) }
      try await sleep(for: .seconds(10))
    }
  }

  // At most two at once, kept for those who come next.
  let pool = ResourcePool(
    ResourcePoolConfiguration(maximumSize: 2),
    create: { try await Connection(name: "pooled").open() },
    destroy: { try await $0.close($0, after: .succeeded) })
  let lengths = try await gather(0..<10) { _ in
    try await pool.withResource { connection in
      try await sleep(for: .milliseconds(20))  // longer than it takes to open the second
      return connection.name.count
    }
  }
  print(lengths.count, "uses of", pool.statistics.created, "connections")
  try await pool.close()
}
