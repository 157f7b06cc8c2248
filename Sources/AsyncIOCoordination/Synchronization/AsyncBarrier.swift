// A barrier: tasks meet, and go on together.
//
// The state is asyncio's. A task that arrives is `inside` until it has left `wait`; the last of a round wakes the
// others, and while they leave, the state is `draining` and whoever comes for the next round is blocked outside. So
// a round is made of the tasks that have met, however slow they are to leave, and what happens meanwhile is of their
// round: a reset or an abort by the first that leaves reaches those who have not left yet.
//
// Cancelled before it waits or while it waits: it leaves, and the round needs another one; the others are not
// disturbed. At the instant of the release: the exchange of its waiter decides; one that was counted as the round
// filled up, and is found cancelled, throws, and the others go on. After: the call returns. From other threads: the
// same. The loop shutting down: those who wait are cancelled with their tasks.

import AsyncIORuntime
import Synchronization

/// A barrier was reset or broken while a task waited at it, or is broken (asyncio's `BrokenBarrierError`).
public struct BrokenBarrierError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Makes the error.
  public init() {}

  /// A sentence.
  public var description: String { "the barrier was reset or aborted: not all tasks have met" }
}

/// Lets tasks wait for each other until a number of them have met (asyncio's `Barrier`).
///
/// ```swift
/// let barrier = AsyncBarrier(parties: 3)
/// // in each of three tasks
/// try await loadTheData()
/// if try await barrier.wait() == 0 { print("all have loaded") }
/// ```
///
/// When they have met it can be used again. It may be used from any thread.
public final class AsyncBarrier: Sendable {
  private enum Phase {
    /// Tasks arrive → draining, resetting, broken.
    case filling
    /// All have met, and leave → filling, resetting, broken.
    case draining
    /// Those inside leave with an error → filling, broken.
    case resetting
    /// All leave with an error, now and later → filling (by a reset), resetting.
    case broken
  }

  private struct State: ~Copyable {
    var phase = Phase.filling
    /// Who has arrived and not left.
    var inside = 0
    /// Who waits for the rest; with the index of its arrival.
    var arrived = WaitQueue<Int>()
    /// Who waits to be let in.
    var blocked = WaitQueue<Void>()
  }

  private enum Entrance {
    case blocked(QueuedWaiter<Void>)
    case arrived(QueuedWaiter<Int>)
    case last(WakeUps)
    case broken
  }

  /// How many tasks must meet.
  public let parties: Int
  private let state = Mutex(State())

  /// Makes a barrier.
  ///
  /// - Parameter parties: How many tasks must meet, at least 1.
  public init(parties: Int) {
    precondition(parties > 0, "a barrier needs 1 party or more, not \(parties)")
    self.parties = parties
  }

  /// Waits until all parties have come.
  ///
  /// - Returns: A number for each of them, from 0 in the order of their arrival, so that one can do what is to be
  ///   done once.
  /// - Throws: `BrokenBarrierError` when the barrier is reset or aborted meanwhile, or is broken;
  ///   `CancellationError` when the task is cancelled while it waits.
  /// - Complexity: O(1); for the last one, O(1) for each.
  ///
  /// ## Cancellation
  /// The task leaves, as if it had not come; the others wait on. The call may be repeated.
  @discardableResult
  public func wait() async throws -> Int {
    while true {
      switch enter() {
      case .broken: throw BrokenBarrierError()
      case .blocked(let waiter):
        guard await waiter.wait(for: "a barrier to drain") != .cancelled else {
          state.withLock { $0.blocked.remove(waiter) }
          throw CancellationError()
        }
      case .last(let wakeUps):
        wakeUps.resume()
        try leave()
        return parties - 1
      case .arrived(let waiter):
        let outcome = await waiter.wait(for: "the other parties of a barrier")
        try leave(outcome == .cancelled ? waiter : nil)
        return waiter.payload
      }
    }
  }

  private func enter() -> Entrance {
    state.withLock { state in
      switch state.phase {
      case .broken: return .broken
      case .draining, .resetting:
        let waiter = QueuedWaiter(())
        state.blocked.append(waiter)
        return .blocked(waiter)
      case .filling:
        let index = state.inside
        state.inside += 1
        guard state.inside == parties else {
          let waiter = QueuedWaiter(index)
          state.arrived.append(waiter)
          return .arrived(waiter)
        }
        state.phase = .draining
        var wakeUps = WakeUps()
        state.arrived.wakeAll(into: &wakeUps)
        return .last(wakeUps)
      }
    }
  }

  /// Leaves the barrier, after the wait of `cancelled` was cancelled or all have met; lets the next round in behind
  /// the last one.
  private func leave(_ cancelled: QueuedWaiter<Int>? = nil) throws {
    let (isBroken, wakeUps) = state.withLock { state in
      if let cancelled { state.arrived.remove(cancelled) }
      let isBroken = state.phase == .broken || state.phase == .resetting
      state.inside -= 1
      var wakeUps = WakeUps()
      if state.inside == 0, state.phase != .broken {
        state.phase = .filling
        state.blocked.wakeAll(into: &wakeUps)
      }
      return (isBroken, wakeUps)
    }
    wakeUps.resume()
    if cancelled != nil { throw CancellationError() }
    if isBroken { throw BrokenBarrierError() }
  }

  /// Makes those who wait throw `BrokenBarrierError`, and starts anew; mends a broken barrier.
  ///
  /// - Complexity: O(1) for each task that waits.
  public func reset() { change { $0 > 0 ? .resetting : .filling } }

  /// Makes those who wait throw `BrokenBarrierError`, and all who come, until it is reset.
  ///
  /// - Complexity: O(1) for each task that waits.
  public func abort() { change { _ in .broken } }

  private func change(_ next: (_ inside: Int) -> Phase) {
    state.withLock { state in
      state.phase = next(state.inside)
      var wakeUps = WakeUps()
      state.arrived.wakeAll(.closed, into: &wakeUps)
      if state.phase != .resetting { state.blocked.wakeAll(into: &wakeUps) }
      return wakeUps
    }.resume()
  }

  /// Whether it is broken: `abort` was called, and no `reset` since.
  public var isBroken: Bool { state.withLock { $0.phase == .broken } }

  /// What a barrier has to tell.
  public struct Statistics: Sendable, Equatable {
    /// Tasks that wait for others to come (asyncio's `n_waiting`).
    public var waiting: Int
    /// Tasks that wait for the round before to leave.
    public var blocked: Int
    /// What it is doing: `filling`, `draining`, `resetting` or `broken`.
    public var phase: String
  }

  /// The state of this moment.
  ///
  /// - Complexity: O(1).
  public var statistics: Statistics {
    state.withLock { state in
      Statistics(
        waiting: state.phase == .filling ? state.inside : 0, blocked: state.blocked.count,
        phase: "\(state.phase)")
    }
  }
}
