import AsyncIOCoordination
import AsyncIOPostgres
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.postgres, .realTime, .deadline(.seconds(60))) struct PostgresQueueTests {
  private func withQueue(
    _ name: String, visibilityTimeout: Duration = .seconds(60), maximumAttempts: Int = 5,
    pollInterval: Duration = .seconds(1), _ body: (PostgresQueue<Int>, PostgresPool) async throws -> Void
  ) async throws {
    let pool = PostgresPool(Server.address ?? "", ResourcePoolConfiguration(maximumSize: 8))
    try await pool.execute("DROP TABLE IF EXISTS \(name: name)")
    let queue = try await PostgresQueue<Int>(
      pool, name: name, visibilityTimeout: visibilityTimeout, maximumAttempts: maximumAttempts,
      pollInterval: pollInterval)
    try await body(queue, pool)
    try await pool.execute("DROP TABLE \(name: name)")
    #expect(try await pool.close(grace: .seconds(5)) == 0)
  }

  @Test func `items are taken in the order in which they were put in, and are gone when done`() async throws {
    try await withQueue("order") { queue, _ in
      try await queue.put(0)
      try await queue.put(contentsOf: 1..<10)
      var taken: [Int] = []
      for try await item in queue {
        taken.append(item.value)
        #expect(item.attempt == 1)
        let isOurs = try await queue.done(item)
        #expect(isOurs)
        if taken.count == 10 { break }
      }
      #expect(taken == Array(0..<10))
      try await queue.join()
      let statistics = try await queue.statistics()
      #expect(statistics.waiting == 0 && statistics.hidden == 0 && statistics.dead == 0)
    }
  }

  @Test func `each item goes to one of many`() async throws {
    try await withQueue("many") { queue, _ in
      try await queue.put(contentsOf: 0..<1000)
      let parts = try await gather(0..<8) { _ in
        var mine: [Int] = []
        while true {
          let items = try await queue.tryGet(upTo: 7)
          if items.isEmpty { return mine }
          mine += items.map(\.value)
          try await queue.done(items)
        }
      }
      #expect(parts.joined().sorted() == Array(0..<1000))
    }
  }

  @Test func `who waits is woken by a notification`() async throws {
    // Nobody would wait so long for the next look.
    try await withQueue("wake", pollInterval: .seconds(1000)) { queue, _ in
      let takers = (0..<3).map { _ in createTask { try await queue.get().value } }
      while try await queue.pool(listens: "wake") == false {}
      for value in 1...3 { try await queue.put(value) }
      var values: [Int] = []
      for taker in takers { values.append(try await taker.value) }
      #expect(values.sorted() == [1, 2, 3])
    }
  }

  @Test func `an item that is not done in time comes again, and the latecomer is told`() async throws {
    try await withQueue("late", visibilityTimeout: .milliseconds(50), pollInterval: .milliseconds(20)) {
      queue, _ in
      try await queue.put(7)
      let first = try await queue.get()
      let second = try await queue.get()
      #expect(second.id == first.id && second.attempt == 2)
      let isFirstOurs = try await queue.done(first)
      #expect(!isFirstOurs)
      let isHidden = try await queue.hide(second, for: .seconds(60))
      #expect(isHidden)
      try await sleep(for: .milliseconds(100))
      let none = try await queue.tryGet()
      #expect(none.isEmpty)
      let isSecondOurs = try await queue.done(second)
      #expect(isSecondOurs)
    }
  }

  @Test func `an item that fails each time becomes a dead letter, with the reason`() async throws {
    try await withQueue("dead", maximumAttempts: 3) { queue, _ in
      try await queue.put(contentsOf: [13, 14])
      var attempts: [Int] = []
      while let item = try await queue.tryGet().first {
        if item.value == 14 {
          try await queue.done(item)
        } else {
          attempts.append(item.attempt)
          try await queue.giveBack(item, because: "attempt \(item.attempt)")
        }
      }
      #expect(attempts == [1, 2, 3])
      try await queue.join()
      let dead = try await queue.deadLetters()
      #expect(dead.map(\.item.value) == [13] && dead.map(\.error) == ["attempt 3"])
      let revived = try await queue.reviveDeadLetters()
      #expect(revived == 1)
      let again = try await queue.get()
      #expect(again.value == 13 && again.attempt == 1)
    }
  }

  @Test func `an item whose takers died each time becomes a dead letter, too`() async throws {
    try await withQueue(
      "died", visibilityTimeout: .milliseconds(20), maximumAttempts: 2, pollInterval: .milliseconds(10)
    ) { queue, _ in
      try await queue.put(1)
      for attempt in 1...2 {
        let item = try await queue.get()
        #expect(item.attempt == attempt)
      }
      let nothing = try await withTimeoutOrNil(.milliseconds(200)) { try await queue.get() }
      #expect(nothing == nil)
      let statistics = try await queue.statistics()
      #expect(statistics.waiting == 0 && statistics.hidden == 0 && statistics.dead == 1)
    }
  }

  @Test func `who waits for the end of all does not wait for an item whose last taker has died`() async throws
  {
    try await withQueue(
      "buried", visibilityTimeout: .milliseconds(50), maximumAttempts: 1, pollInterval: .milliseconds(10)
    ) { queue, _ in
      try await queue.put(1)
      let item = try await queue.get()
      #expect(item.attempt == 1)
      try await queue.join()
      let dead = try await queue.deadLetters()
      #expect(dead.map(\.item.id) == [item.id])
    }
  }

  @Test func `what was given out for the last time does not wait to be taken`() async throws {
    try await withQueue("spent", maximumAttempts: 1) { queue, _ in
      try await queue.put(contentsOf: [1, 2])
      let item = try await queue.get()
      // As if its time were over.
      try await queue.hide(item, for: .zero)
      let statistics = try await queue.statistics()
      #expect(statistics.waiting == 1 && statistics.hidden == 0 && statistics.dead == 1)
      let rest = try await queue.get(upTo: 10)
      #expect(rest.map(\.value) == [2])
    }
  }

  // One after another, as all use the same table.
  @Test(.serialized, arguments: ["done", "hide", "putBack"])
  func `rows are locked in the order of their numbers, whatever order they are named in`(
    operation: String
  ) async throws {
    try await withQueue("locks") { queue, pool in
      try await queue.put(contentsOf: [1, 2])
      let items = try await queue.get(upTo: 2)
      // In the table the first comes after the second now.
      try await queue.hide([items[0]], for: .seconds(60))
      try await pool.withConnection { other in
        let task = try await other.withTransaction {
          try await other.execute("SELECT FROM locks WHERE id = \(items[0].id) FOR UPDATE")
          let task = createTask {
            switch operation {
            case "done": _ = try await queue.done([items[1], items[0]])
            case "hide": _ = try await queue.hide([items[1], items[0]], for: .seconds(60))
            default: try await queue.putBack([items[1], items[0]])
            }
          }
          while try await !pool.queryValue(
            """
            SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%unnest%')
            """, as: Bool.self)
          {}
          // It waits for the first, and does not hold the second, for which this would have to wait.
          try await other.execute("SELECT FROM locks WHERE id = \(items[1].id) FOR UPDATE NOWAIT")
          return task
        }
        try await task.value
      }
    }
  }

  @Test func `put and done are part of a transaction`() async throws {
    struct Failure: Error {}
    try await withQueue("transaction") { queue, pool in
      await #expect(throws: Failure.self) {
        try await pool.withTransaction { connection in
          try await queue.put(1, on: connection)
          throw Failure()
        }
      }
      let none = try await queue.tryGet()
      #expect(none.isEmpty)
      try await pool.withTransaction { connection in try await queue.put(2, on: connection) }
      let item = try await queue.get()
      await #expect(throws: Failure.self) {
        try await pool.withTransaction { connection in
          try await queue.done(item, on: connection)
          throw Failure()
        }
      }
      let isOurs = try await queue.done(item)
      #expect(isOurs)
    }
  }

  @Test func `an item that is put off comes when its time has come`() async throws {
    try await withQueue("later", pollInterval: .milliseconds(10)) { queue, _ in
      try await queue.put(2, after: .milliseconds(100))
      try await queue.put(1)
      let first = try await queue.get()
      let none = try await queue.tryGet()
      let second = try await queue.get()
      #expect(first.value == 1 && none.isEmpty && second.value == 2)
    }
  }

  @Test func `items are any values that JSON can express`() async throws {
    struct Job: Codable, Sendable, Equatable {
      var url: String
      var depth: Int?
    }
    let pool = PostgresPool(Server.address ?? "")
    try await pool.execute("DROP TABLE IF EXISTS structures")
    let queue = try await PostgresQueue<Job>(pool, name: "structures")
    let jobs = [Job(url: "http://a/{x}?q=\"\\\"", depth: 1), Job(url: "日本")]
    try await queue.put(contentsOf: jobs)
    let items = try await queue.get(upTo: 10)
    #expect(items.map(\.value) == jobs)
    try await pool.execute("DROP TABLE structures")
    #expect(try await pool.close(grace: .seconds(5)) == 0)
  }

  @Test func `an item that cannot be read does no harm to its neighbours`() async throws {
    try await withQueue("strange") { queue, pool in
      try await queue.put(1)
      try await pool.execute("INSERT INTO strange (value) VALUES ('{}')")
      try await queue.put(2)
      await #expect(throws: DecodingError.self) { try await queue.get(upTo: 10) }
      let items = try await queue.get(upTo: 10)
      #expect(items.map(\.value) == [1, 2] && items.map(\.attempt) == [1, 1])
    }
  }

  @Test func `what was put back can be taken at once, and was not tried`() async throws {
    try await withQueue("back", maximumAttempts: 1) { queue, _ in
      try await queue.put(contentsOf: [1, 2, 3])
      let items = try await queue.get(upTo: 3)
      try await queue.done(items[0])
      try await queue.putBack(items)
      let again = try await queue.get(upTo: 3)
      #expect(again.map(\.value) == [2, 3] && again.map(\.attempt) == [1, 1])
      let done = try await queue.done(again + [items[0]])
      #expect(done == Set(again.map(\.id)))
    }
  }

  @Test func `takers of work that ends are told so, and wait for what others hold`() async throws {
    try await withQueue(
      "ends", visibilityTimeout: .milliseconds(200), pollInterval: .milliseconds(10)
    ) { queue, _ in
      let empty = try await queue.getUntilJoined(upTo: 1)
      #expect(empty.isEmpty)
      try await queue.put(contentsOf: [1, 2])
      let taken = try await queue.getUntilJoined(upTo: 1)
      let rest = try await queue.getUntilJoined(upTo: 10)
      #expect(taken.map(\.value) == [1] && rest.map(\.value) == [2])
      let hidden = try await queue.hide(rest, for: .seconds(60))
      #expect(hidden == 1)
      // Its holder is not heard of any more: it comes to whoever waits.
      let again = try await queue.getUntilJoined(upTo: 10)
      #expect(again.map(\.value) == [1] && again.map(\.attempt) == [2])
      let waiter = createTask { try await queue.getUntilJoined(upTo: 10).isEmpty }
      try await queue.done(rest + again)
      #expect(try await waiter.value)
    }
  }

  @Test func `cancelled while it waits`() async throws {
    try await withQueue("cancelled") { queue, _ in
      let taker = createTask { try await queue.get().value }
      await settle()
      taker.cancel()
      await #expect(throws: CancellationError.self) { try await taker.value }
      try await queue.put(1)
      let item = try await queue.get()
      #expect(item.value == 1)
    }
  }
}

extension PostgresQueue {
  /// Whether somebody's last statement was to listen to a channel.
  fileprivate func pool(listens channel: String) async throws -> Bool {
    try await withConnection { connection in
      try await connection.queryValue(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query = \("LISTEN \"\(channel)\"") AND state = 'idle')",
        as: Bool.self)
    }
  }
}
