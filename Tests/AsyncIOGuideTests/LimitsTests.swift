import AsyncIO
import AsyncIOTesting
import Synchronization
import Testing

/// The code of the guide's pages on limits, queues and primitives.
@Suite struct LimitsTests {
  @Test(.virtualTime) func `ten at a time, fifty in a second`() async throws {
    let connections = AsyncSemaphore(10)
    let starts = RateLimiter(50, per: .seconds(1))

    let pages = try await gather(1...100) { number in
      try await starts.acquire()
      return try await connections.withPermit { try await fetch("\(number)") }
    }
    #expect(pages.count == 100)
  }

  @Test(.virtualTime) func `the limit that needs no semaphore`() async throws {
    let pages = try await gather(1...100, limit: 10) { try await fetch("\($0)") }
    #expect(pages.count == 100)
  }

  @Test(.virtualTime) func `producer and consumers`() async throws {
    let done = Mutex(0)
    let queue = AsyncQueue<Int>(capacity: 100)
    try await withTaskScope { scope in
      for _ in 0..<3 {
        scope.createTask {
          for await item in queue {
            _ = try await fetch("\(item)")
            done.withLock { $0 += 1 }
            queue.taskDone()
          }
        }
      }
      for item in 1...20 { try await queue.put(item) }
      try await queue.join()  // until each item has been dealt with
      queue.shutdown()  // ends the loops of the workers
    }
    #expect(done.withLock { $0 } == 20)
  }

  @Test(.virtualTime) func `one sends, all read`() async throws {
    let news = AsyncBroadcast<String>(capacity: 16)
    let subscription = news.subscribe()
    news.send("first")
    news.send("second")
    news.finish()
    var heard: [String] = []
    for try await item in subscription { heard.append(item) }
    #expect(heard == ["first", "second"])
  }

  @Test(.virtualTime) func `the latest value counts`() async throws {
    let temperature = LatestValue(20)
    let hot = createTask { try await temperature.wait { $0 > 30 } }
    try await checkpoint()
    temperature.value = 35
    #expect(try await hot.value == 35)
  }

  @Test(.virtualTime) func `computed once, asked for by many`() async throws {
    let computations = Mutex(0)
    let token = AsyncLazy {
      computations.withLock { $0 += 1 }
      return try await fetch("token")
    }
    let tokens = try await gather(1...10) { _ in try await token.value }
    #expect(Set(tokens) == ["page token"])
    #expect(computations.withLock { $0 } == 1)
  }

  @Test(.virtualTime) func `something has happened`() async throws {
    let started = AsyncEvent()
    let waiter = createTask {
      try await started.wait()
      return "started"
    }
    try await checkpoint()
    started.set()
    #expect(try await waiter.value == "started")
  }

  actor Account {
    private var balance = 100
    private let lock = AsyncLock()

    func withdraw(_ amount: Int) async throws -> Bool {
      try await lock.withLock {
        guard balance >= amount else { return false }
        _ = try await fetch("the bank")  // without the lock another call would come in here
        balance -= amount
        return true
      }
    }
  }

  @Test(.virtualTime) func `an actor lets others in while it waits`() async throws {
    let account = Account()
    let paid = try await gather([70, 70]) { try await account.withdraw($0) }
    #expect(paid.count { $0 } == 1)
  }

  @Test(.virtualTime) func `again, after longer and longer times`() async throws {
    let attempts = Mutex(0)
    let page = try await retry(attempts: 5, backoff: .exponential(from: .milliseconds(100), to: .seconds(10)))
    {
      attempts.withLock { $0 += 1 }
      guard attempts.withLock({ $0 > 2 }) else { throw Unavailable() }
      return try await fetch("a")
    }
    #expect(page == "page a")
  }

  @Test(.virtualTime) func `a timeout for each attempt, and one for all`() async throws {
    let budget = RetryBudget()
    await #expect(throws: (any Error).self) {
      try await retry(
        attempts: 10, attemptTimeout: .seconds(2), timeout: .seconds(30), budget: budget,
        when: { $0 is Unavailable || $0 is TimeoutError },
        onFailure: { print("attempt \($0.number) failed: \($0.error); \($0.next)") }
      ) {
        try await slowOperation()
      }
    }
  }
}
