import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct AsyncReadWriteLockTests {
  @Test func `many read at once, and one writes alone`() async throws {
    let lock = AsyncReadWriteLock()
    let (readers, writers) = (Gauge(), Gauge())
    _ = try await gather(0..<20) { number in
      if number % 5 == 0 {
        try await lock.withWriteLock {
          try await writers.inside {
            #expect(readers.current == 0)
            try await sleep(for: .seconds(1))
            #expect(readers.current == 0)
          }
        }
      } else {
        try await lock.withReadLock {
          try await readers.inside {
            #expect(writers.current == 0)
            try await sleep(for: .seconds(1))
          }
        }
      }
    }
    #expect(readers.peak == 4)
    #expect(writers.peak == 1)
    #expect(lock.statistics == .init(readers: 0, isWriting: false, waiting: 0))
  }  // tokio: RwLock

  @Test func `a writer waits for the readers before it, and those after it for the writer`() async throws {
    let lock = AsyncReadWriteLock()
    let order = Journal<String>()
    try await lock.acquireRead()
    let writer = Task {
      try await lock.withWriteLock { order.note("write") }
    }
    await settle()
    let reader = Task { try await lock.withReadLock { order.note("read") } }
    await settle()
    #expect(order.entries == [])
    #expect(!lock.tryAcquireRead())
    #expect(lock.statistics == .init(readers: 1, isWriting: false, waiting: 2))
    lock.releaseRead()
    try await writer.value
    try await reader.value
    #expect(order.entries == ["write", "read"])
  }

  @Test func `readers go on when the writer before them is cancelled`() async throws {
    let lock = AsyncReadWriteLock()
    try await lock.acquireRead()
    let writer = Task { try await lock.acquireWrite() }
    await settle()
    let readers = (0..<3).map { _ in Task { try await lock.acquireRead() } }
    await settle()
    writer.cancel()
    for reader in readers { try await reader.value }
    await #expect(throws: CancellationError.self) { try await writer.value }
    #expect(lock.statistics == .init(readers: 4, isWriting: false, waiting: 0))
  }

  @Test(arguments: [false, true])
  func `cancelled at the instant of the hand-over, the lock is free`(_ isWriter: Bool) async throws {
    let lock = AsyncReadWriteLock()
    #expect(lock.tryAcquireWrite())
    let task = Task { isWriter ? try await lock.acquireWrite() : try await lock.acquireRead() }
    await settle()
    lock.releaseWrite()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(lock.statistics == .init(readers: 0, isWriting: false, waiting: 0))
    #expect(lock.tryAcquireWrite())
    #expect(lock.statistics == .init(readers: 0, isWriting: true, waiting: 0))
  }

  @Test func `no more than so many read at once`() async throws {
    let lock = AsyncReadWriteLock(maximumReaders: 2)
    #expect(lock.tryAcquireRead())
    #expect(lock.tryAcquireRead())
    #expect(!lock.tryAcquireRead())
  }

  @Test(.realTime, .deadline(.seconds(60))) func `misuse traps with a sentence`() async {
    let reader = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      AsyncReadWriteLock().releaseRead()
    }
    #expect(reader.says("released by a reader that had not acquired it"))
    let writer = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      AsyncReadWriteLock().releaseWrite()
    }
    #expect(writer.says("released by a writer that had not acquired it"))
    let wrong = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let lock = AsyncReadWriteLock()
      try await lock.acquireWrite()
      lock.releaseRead()
    }
    #expect(wrong.says("that a writer has was released by a reader"))
  }
}
