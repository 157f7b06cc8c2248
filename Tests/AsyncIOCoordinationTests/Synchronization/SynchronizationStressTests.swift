import AsyncIORuntime
import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIOCoordination

/// Whatever is cancelled, times out, or comes from another loop: nothing is lost, and nothing is given twice.
@Suite(.deadline(.seconds(60))) struct SynchronizationStressTests {
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `one loop, in many orders`(_ seed: UInt64) async throws {
    try await onVirtualLoop(seed: seed) { try await Storm(seed: seed, tasks: 40, rounds: 15).rage() }
  }

  @Test(arguments: 1...3 as ClosedRange<UInt64>)
  func `two loops`(_ seed: UInt64) async throws {
    try await onLoops(2) { try await Storm(seed: seed, tasks: 60, rounds: 60).rage() }
  }

  @Test(arguments: 1...3 as ClosedRange<UInt64>)
  func `without a loop`(_ seed: UInt64) async throws {
    try await withoutLoop { try await Storm(seed: seed, tasks: 60, rounds: 60).rage() }
  }
}

/// Tasks that use all primitives in a random order, and are cancelled and timed out at random.
private final class Storm: Sendable {
  private let seed: UInt64
  private let tasks: Int
  private let rounds: Int
  private let lock = AsyncLock()
  private let semaphore = AsyncSemaphore(5)
  private let readWrite = AsyncReadWriteLock()
  private let limiter = CapacityLimiter(total: 2)
  private let condition = AsyncCondition()
  private let once = AsyncOnce<Int>()
  private let inLock = Gauge()
  private let inSemaphore = Gauge()
  private let readers = Gauge()
  private let writers = Gauge()
  private let borrowers = Gauge()

  init(seed: UInt64, tasks: Int, rounds: Int) {
    (self.seed, self.tasks, self.rounds) = (seed, tasks, rounds)
  }

  func rage() async throws {
    let workers = (0..<tasks).map { number in
      Task { [self] in
        var numbers = SeededNumbers(seed: seed &* 1000 &+ UInt64(number))
        for _ in 0..<rounds {
          // What ends in a timeout or a cancellation has taken nothing, or has given it back.
          try? await step(&numbers)
        }
      }
    }
    var numbers = SeededNumbers(seed: seed)
    for _ in 0..<tasks / 3 {
      for _ in 0..<numbers.next(below: 20) { await Task.yield() }
      workers[numbers.next(below: tasks)].cancel()
      limiter.total = 1 + numbers.next(below: 4)
    }
    for worker in workers { await worker.value }
    check()
  }

  private func step(_ numbers: inout SeededNumbers) async throws {
    let kind = numbers.next(below: 7)
    let count = 1 + numbers.next(below: 5)
    guard numbers.next(below: 3) == 0 else { return try await use(kind, count) }
    try await withTimeout(.microseconds(1 + numbers.next(below: 200))) { try await use(kind, count) }
  }

  private func use(_ kind: Int, _ count: Int) async throws {
    switch kind {
    case 0: try await lock.withLock { await inLock.inside { await Task.yield() } }
    case 1:
      try await semaphore.withPermits(count) {
        for _ in 0..<count { inSemaphore.enter() }
        await Task.yield()
        for _ in 0..<count { inSemaphore.leave() }
      }
    case 2: try await readWrite.withReadLock { await readers.inside { await Task.yield() } }
    case 3:
      try await readWrite.withWriteLock {
        await writers.inside {
          #expect(readers.current == 0)
          await Task.yield()
          #expect(readers.current == 0)
        }
      }
    case 4: try await limiter.withToken { await borrowers.inside { await Task.yield() } }
    case 5:
      try await condition.withLock {
        condition.notify()
        try await withTimeout(.microseconds(count)) { try await condition.wait() }
      }
    default:
      let value = try await once.value {
        await Task.yield()
        if count > 1 { throw TestFailure() }
        return 1
      }
      #expect(value == 1)
    }
  }

  private func check() {
    #expect(lock.statistics == .init(isLocked: false, owner: nil, waiting: 0))
    #expect(inLock.peak <= 1)
    #expect(semaphore.statistics == .init(free: 5, waiting: 0))
    #expect(inSemaphore.peak <= 5)
    #expect(readWrite.statistics == .init(readers: 0, isWriting: false, waiting: 0))
    #expect(writers.peak <= 1)
    #expect(limiter.statistics.borrowed == 0 && limiter.statistics.waiting == 0)
    #expect(borrowers.peak <= 4)
    #expect(condition.statistics.waiting == 0 && !condition.lock.isLocked)
    #expect(once.statistics.waiting == 0)
  }
}
