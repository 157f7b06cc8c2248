// Random operations under random combinators, with random delays, errors, timeouts and cancellations; the same seed gives
// the same plan, and on the deterministic loop the same course of events.
//
// What must hold whatever happens: all that has started ends, and what it holds goes away; a result has the numbers of its
// own operations, and of all of them where nothing was left out; an error is one that an operation below has thrown, or that a
// timeout or cancellation below explains; an error of a task that nobody waits for is reported once, and no other is.

import AsyncIOCoordination
import AsyncIORuntime
import Synchronization

/// An error that an operation of a storm has thrown.
package struct StormError: Error, Hashable {
  /// Which storm of the process.
  let storm: Int
  /// Which operation.
  let number: Int
}

/// One storm.
package final class Storm: Sendable {
  private static let lastID = Atomic<Int>(0)

  private let id = Storm.lastID.add(1, ordering: .relaxed).newValue
  private let plan: StormPlan
  private let cancelledAfter: Duration?
  private let running = Level()
  private let alive = Level()
  private let thrown = Notes<StormError>()
  private let lost = Notes<StormError>()

  /// Plans a storm of up to a few dozen operations.
  ///
  /// - Parameters:
  ///   - seed: The same number gives the same plan.
  ///   - usesThreads: Whether some operations block threads, whose course of events no loop determines.
  package init(seed: UInt64, usesThreads: Bool = true) {
    var dice = SeededNumbers(seed: seed)
    plan = .grow(size: Int.random(in: 1...60, using: &dice), usesThreads: usesThreads, &dice)
    cancelledAfter = dice.hits(oneIn: 3) ? dice.duration(upTo: 3000) : nil
  }

  /// Lets it rage, and waits until it has died down.
  ///
  /// - Parameter reported: The errors of tasks that were reported so far, of this storm and of others.
  /// - Returns: How it ended, in words.
  /// - Throws: What does not hold.
  package func rage(reported: @Sendable () -> [any Error]) async throws -> String {
    let handle = createTask(name: "storm") { try await self.perform(.caught(self.plan)) }
    let canceller = cancelledAfter.map { delay in
      EventLoop.orDefault.callLater(delay) { handle.cancel() }
    }
    let outcome: String
    do {
      outcome = "\(try await handle.value)"
    } catch is CancellationError where cancelledAfter != nil {
      outcome = "cancelled"
    }
    canceller?.cancel()
    // Operations that asCompleted has left, and tasks that nobody waits for, end by themselves.
    var mine: [StormError] { reported().compactMap { $0 as? StormError }.filter { $0.storm == id } }
    while running.current > 0 || alive.current > 0 || mine.count < lost.count {
      try await sleep(for: .microseconds(100))
    }
    try expect(mine.map(\.number).sorted(), equals: lost.entries.map(\.number).sorted())
    return "\(outcome), \(running.total) operations, \(thrown.count) errors at \(LoopClock.now)"
  }

  /// Performs a plan; the numbers of the leaves that have ended well.
  private func perform(_ plan: StormPlan) async throws -> [Int] {
    let numbers =
      switch plan {
      case .leaf(let leaf): [try await perform(leaf)]
      case .gather(let plans, let limit): try await gatherAll(plans, limit)
      case .asCompleted(let plans, let limit, let count): try await collect(plans, limit, leavesAfter: count)
      case .timeout(let duration, let plan):
        try await withTimeout(duration) { try await self.perform(plan) }
      case .task(let plan, let delay): try await performInTask(plan, cancelledAfter: delay)
      case .scope(let plans, let delay): try await performInScope(plans, cancelledAfter: delay)
      case .race(let plans): try await race(plans) { try await self.perform($0) }
      case .results(let plans): try await collectResults(plans)
      case .shield(let plan): try await withShield { try await self.perform(plan) }
      case .forgotten(let leaf): forget(leaf)
      case .caught(let plan): try await performCaught(plan)
      }
    let expected = plan.leaves.map(\.number)
    try expect(Set(numbers).isSubset(of: expected))
    if plan.isComplete { try expect(numbers.sorted(), equals: expected) }
    return numbers
  }

  private func gatherAll(_ plans: [StormPlan], _ limit: Int?) async throws -> [Int] {
    let results = try await gather(plans, limit: limit) { try await self.perform($0) }
    try expect(results.count, equals: plans.count)
    for (plan, numbers) in zip(plans, results) {
      try expect(Set(numbers).isSubset(of: plan.leaves.map(\.number)))
    }
    return results.flatMap { $0 }
  }

  private func collect(_ plans: [StormPlan], _ limit: Int?, leavesAfter count: Int?) async throws -> [Int] {
    var numbers: [Int] = []
    var taken = 0
    guard count != 0 else { return [] }
    for try await result in asCompleted(plans, limit: limit, { try await self.perform($0) }) {
      numbers += result
      taken += 1
      if taken == count { break }
    }
    if count == nil { try expect(taken, equals: plans.count) }
    return numbers
  }

  private func performInTask(_ plan: StormPlan, cancelledAfter delay: Duration?) async throws -> [Int] {
    let handle = createTask { try await self.perform(plan) }
    let canceller = delay.map { delay in EventLoop.orDefault.callLater(delay) { handle.cancel() } }
    defer { canceller?.cancel() }
    return try await handle.value
  }

  private func performInScope(_ plans: [StormPlan], cancelledAfter delay: Duration?) async throws -> [Int] {
    let numbers = Notes<[Int]>()
    let ended = Level()
    try await withTaskScope { scope -> Void in
      let canceller = delay.map { delay in
        EventLoop.orDefault.callLater(delay) { scope.cancel(reason: "the storm") }
      }
      defer { canceller?.cancel() }
      let tasks = plans.map { plan in
        scope.createTask {
          ended.enter()
          defer { ended.leave() }
          numbers.note(try await self.perform(plan))
        }
      }
      // Some are awaited by the body, the others by the scope.
      for task in tasks.prefix(plans.count / 2) { try await task.value }
    }
    try expect(ended.current, equals: 0)
    return numbers.entries.flatMap { $0 }
  }

  private func collectResults(_ plans: [StormPlan]) async throws -> [Int] {
    let results = try await gatherResults(plans) { try await self.perform($0) }
    try expect(results.count, equals: plans.count)
    return try results.enumerated().flatMap { index, result in
      switch result {
      case .success(let numbers): return numbers
      case .failure(let error):
        try check(error, of: plans[index])
        return []
      }
    }
  }

  private func forget(_ leaf: StormPlan.Leaf) -> [Int] {
    createTask {
      do {
        _ = try await self.perform(leaf)
      } catch let error as StormError {
        self.lost.note(error)
        throw error
      }
    }
    return []
  }

  /// Performs a plan and looks at its error, which must have a cause below.
  private func performCaught(_ plan: StormPlan) async throws -> [Int] {
    do {
      return try await perform(plan)
    } catch {
      try check(error, of: plan)
    }
    return []
  }

  private func check(_ error: any Error, of plan: StormPlan) throws {
    switch error {
    case let error as StormError:
      try expect(thrown.entries.contains(error))
      try expect(plan.leaves.contains { $0.number == error.number && $0.deed == .throwsAnError })
    case is TimeoutError: try expect(plan.mayTimeOut)
    case is CancellationError: try expect(Task.isCancelled || plan.mayCancelItself)
    case let group as ErrorGroup:
      try expect(group.errors.count >= 2)
      for error in group.errors { try check(error, of: plan) }
    default: throw error
    }
  }

  private func perform(_ leaf: StormPlan.Leaf) async throws -> Int {
    let witness = Witness(alive)
    defer { withExtendedLifetime(witness) {} }
    return try await running.inside {
      switch leaf.deed {
      case .returns: break
      case .givesWay: for _ in 0..<3 { try await checkpoint() }
      case .sleeps: try await sleep(for: leaf.delay)
      case .ignoresCancellation: await Task { try? await sleep(for: leaf.delay) }.value
      case .cleansUp:
        do {
          try await sleep(for: leaf.delay)
        } catch {
          await Task { try? await sleep(for: leaf.delay) }.value
          throw error
        }
      case .blocksAThread: _ = try await withBlocking { witness }
      case .throwsAnError:
        try await sleep(for: leaf.delay)
        let error = StormError(storm: id, number: leaf.number)
        thrown.note(error)
        throw error
      case .throwsACancellation:
        try await sleep(for: leaf.delay)
        throw CancellationError()
      case .cancelsItself: unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      }
      return leaf.number
    }
  }
}

/// Is counted for as long as it lives.
private final class Witness: Sendable {
  private let level: Level

  init(_ level: Level) {
    self.level = level
    level.enter()
  }

  deinit { level.leave() }
}
