import AsyncIORuntime
import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIOCoordination

/// Whoever is cancelled or times out, each item that was put in is taken once.
@Suite(.deadline(.seconds(20))) struct AsyncQueueStressTests {
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `one loop, in many orders`(_ seed: UInt64) async throws {
    try await onVirtualLoop(seed: seed) { try await rage(seed, tasks: 10, rounds: 40) }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `two loops`(_ seed: UInt64) async throws {
    try await onLoops(2) { try await rage(seed, tasks: 10, rounds: 200) }
  }

  @Test(arguments: 1...2 as ClosedRange<UInt64>)
  func `without a loop`(_ seed: UInt64) async throws {
    try await withoutLoop { try await rage(seed, tasks: 10, rounds: 200) }
  }
}

private func rage(_ seed: UInt64, tasks: Int, rounds: Int) async throws {
  let queue = AsyncQueue<Int>(capacity: 1 + Int(seed % 3))
  let (put, taken) = (Journal<Int>(), Journal<Int>())
  let producers = (0..<tasks).map { task in
    Task {
      var numbers = SeededNumbers(seed: seed &* 1000 &+ UInt64(task))
      for round in 0..<rounds {
        let item = task * rounds + round
        let isPut: Bool =
          switch numbers.next(below: 4) {
          case 0: (try? queue.tryPut(item)) ?? false
          case 1: (try? await withTimeout(.microseconds(10)) { try await queue.put(item) }) != nil
          default: (try? await queue.put(item)) != nil
          }
        if isPut { put.note(item) }
        if numbers.next(below: 5) == 0 { await Task.yield() }
      }
    }
  }
  let consumers = (0..<tasks).map { task in
    Task {
      var numbers = SeededNumbers(seed: seed &* 2000 &+ UInt64(task))
      while !queue.isShutDown || !queue.isEmpty {
        let item: Int? =
          switch numbers.next(below: 4) {
          case 0: (try? queue.tryGet()) ?? nil
          case 1: try? await withTimeout(.microseconds(10)) { try await queue.get() }
          default: try? await queue.get()
          }
        if let item {
          taken.note(item)
          queue.taskDone()
        }
        if Task.isCancelled { return }
        await Task.yield()
      }
    }
  }
  producers[Int(seed) % tasks].cancel()
  for consumer in consumers.dropFirst(3) where seed % 2 == 0 {
    consumer.cancel()
    await Task.yield()
  }
  for producer in producers { await producer.value }
  try await queue.join()
  queue.shutdown()
  for consumer in consumers { await consumer.value }
  // A put that timed out may have been let in at that instant: it returns then, and its timeout does not count.
  #expect(taken.entries.sorted() == put.entries.sorted())
  #expect(queue.statistics.unfinished == 0)
  #expect(queue.statistics.waitingToGet == 0 && queue.statistics.waitingToPut == 0)
}
