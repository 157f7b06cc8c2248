import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIORuntime

/// Wake-ups, cancellations and timeouts at any instant: no permit is lost, and none is given twice.
@Suite(.deadline(.seconds(60))) struct WaitQueueStressTests {
  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func `no permit is lost or doubled, on one loop`(_ seed: UInt64) async throws {
    try await onVirtualLoop(seed: seed) { try await storm(seed, tasks: 50, rounds: 20) }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `no permit is lost or doubled, on two loops`(_ seed: UInt64) async throws {
    try await onLoops(2) { try await storm(seed, tasks: 100, rounds: 100) }
  }
}

/// Tasks take turns with a few permits; some give up, some are cancelled.
private func storm(_ seed: UInt64, tasks: Int, rounds: Int) async throws {
  let turnstile = Turnstile(permits: 3)
  let workers = (0..<tasks).map { number in
    Task {
      var choices = SeededNumbers(seed: seed &* 1000 &+ UInt64(number))
      for _ in 0..<rounds {
        let patience: Duration? = choices.next(below: 3) == 0 ? .microseconds(choices.next(below: 50)) : nil
        guard await turnstile.enter(patience) else { continue }
        for _ in 0..<choices.next(below: 3) { await Task.yield() }
        turnstile.leave()
        if choices.next(below: 4) == 0 { await Task.yield() }
      }
    }
  }
  var choices = SeededNumbers(seed: seed)
  for _ in 0..<tasks / 3 {
    for _ in 0..<choices.next(below: 10) { await Task.yield() }
    workers[choices.next(below: tasks)].cancel()
  }
  for worker in workers { await worker.value }
  #expect(turnstile.free == 3)
  #expect(turnstile.waiting == 0)
  #expect(turnstile.most <= 3)
}

/// A counting semaphore in the fewest lines.
private final class Turnstile: Sendable {
  private struct State: ~Copyable {
    var free: Int
    var inside = 0
    var most = 0
    var queue = WaitQueue<Void>()
  }

  private let state: Mutex<State>

  init(permits: Int) { state = Mutex(State(free: permits)) }

  var free: Int { state.withLock { $0.free } }
  var waiting: Int { state.withLock { $0.queue.count } }
  var most: Int { state.withLock { $0.most } }

  func enter(_ patience: Duration?) async -> Bool {
    let waiter = QueuedWaiter(())
    let waits = state.withLock { state in
      guard state.free == 0 else {
        state.free -= 1
        return false
      }
      state.queue.append(waiter)
      return true
    }
    if waits {
      let loop = EventLoop.orDefault
      let alarm = patience.map { patience in
        loop.callLater(patience) { waiter.finish(.cancelled) }
      }
      let outcome = await waiter.wait(for: "a turnstile")
      alarm?.cancel()
      guard outcome == .woken else {
        state.withLock { $0.queue.remove(waiter) }
        return false
      }
    }
    state.withLock { state in
      state.inside += 1
      state.most = max(state.most, state.inside)
    }
    return true
  }

  func leave() {
    state.withLock { state in
      state.inside -= 1
      var wakeUps = WakeUps()
      // Handed over: nobody else sees it free.
      if !state.queue.wakeFirst(into: &wakeUps) { state.free += 1 }
      return wakeUps
    }.resume()
  }
}
