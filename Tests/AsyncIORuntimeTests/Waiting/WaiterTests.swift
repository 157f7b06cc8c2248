import AsyncIOTesting
import Glibc
import Synchronization
import Testing

@testable import AsyncIORuntime

@Suite(.virtualTime) struct WaiterTests {
  @Test func `woken before it waits, it does not suspend`() async {
    let waiter = Waiter()
    #expect(waiter.finish(.woken))
    #expect(await waiter.wait(for: "test") == .woken)
  }

  @Test func `woken while it waits`() async {
    let waiter = Waiter()
    let task = Task { await waiter.wait(for: "test") }
    await settle()
    #expect(waiter.outcome == nil)
    #expect(waiter.finish(.woken))
    #expect(await task.value == .woken)
  }

  @Test func `cancelled before it waits`() async {
    let waiter = Waiter()
    let task = Task { await waiter.wait(for: "test") }
    task.cancel()
    #expect(await task.value == .cancelled)
    #expect(!waiter.finish(.woken))
  }

  @Test func `cancelled while it waits`() async {
    let waiter = Waiter()
    let task = Task { await waiter.wait(for: "test") }
    await settle()
    task.cancel()
    #expect(waiter.outcome == .cancelled)
    #expect(!waiter.finish(.woken))
    #expect(await task.value == .cancelled)
  }

  @Test func `cancelled just after it was woken, it stays woken`() async {
    let waiter = Waiter()
    let task = Task { await waiter.wait(for: "test") }
    await settle()
    #expect(waiter.finish(.woken))
    // The task has not run since.
    task.cancel()
    #expect(await task.value == .woken)
  }

  @Test func `cancelled after the wait, nothing happens`() async {
    let waiter = Waiter()
    let task = Task {
      let outcome = await waiter.wait(for: "test")
      await settle()
      return outcome
    }
    await settle()
    waiter.finish(.woken)
    await settle()
    task.cancel()
    #expect(await task.value == .woken)
    #expect(waiter.outcome == .woken)
  }

  @Test func `only the first outcome counts`() async {
    let waiter = Waiter()
    #expect(waiter.finish(.closed))
    #expect(!waiter.finish(.woken))
    #expect(!waiter.finish(.closed))
    #expect(await waiter.wait(for: "test") == .closed)
  }

  @Test func `closed while it waits`() async {
    let waiter = Waiter()
    let task = Task { await waiter.wait(for: "test") }
    await settle()
    waiter.finish(.closed)
    #expect(await task.value == .closed)
  }

  @Test func `an uncancelled wait is not ended by cancellation`() async {
    let waiter = Waiter()
    let task = Task { await waiter.waitUncancelled(for: "test") }
    await settle()
    task.cancel()
    await settle()
    #expect(waiter.outcome == nil)
    waiter.finish(.woken)
    await task.value
  }

  @Test(.realTime) func `a waiter is woken on its own loop from a foreign thread`() async throws {
    let loop = try #require(EventLoop.current)
    for _ in 0..<100 {
      let waiter = Waiter()
      LoopThread.start(named: "foreign") { waiter.finish(.woken) }
      #expect(await waiter.wait(for: "test") == .woken)
      #expect(loop.isCurrent)
    }
  }

  @Test(.realTime) func `a foreign thread may end a wait before the task has suspended`() async throws {
    let parked = Atomic<UInt>(0)
    let isOver = Atomic<Bool>(false)
    let thread = Task {
      await onForeignThread {
        while !isOver.load(ordering: .relaxed) {
          let continuation = parked.exchange(0, ordering: .acquiringAndReleasing)
          // Where the cores are busy, whoever is to be woken comes to run the sooner.
          if continuation != 0 { ReadinessWord.resume(continuation) } else { sched_yield() }
        }
      }
    }
    var count = 0
    for _ in 0..<20_000 {
      unsafe await withUnsafeContinuation { continuation in
        unsafe parked.store(ReadinessWord.waiting(continuation), ordering: .releasing)
      }
      count += 1
    }
    isOver.store(true, ordering: .relaxed)
    await thread.value
    #expect(count == 20_000)
  }

  /// Runs `body` on a thread of its own.
  private func onForeignThread(_ body: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
      LoopThread.start(named: "foreign") {
        body()
        continuation.resume()
      }
    }
  }

  @Test(.realTime, arguments: 1...4 as ClosedRange<UInt64>)
  func `each waiter wakes exactly once, whoever comes first`(_ seed: UInt64) async throws {
    let (count, threads) = (500, 3)
    let winners = Winners(count: count)
    let waiters = (0..<count).map { _ in Waiter() }
    let tasks = waiters.map { waiter in Task { await waiter.wait(for: "test") } }
    for thread in 0..<threads {
      LoopThread.start(named: "foreign") {
        var choices = SeededNumbers(seed: seed &* 31 &+ UInt64(thread))
        for _ in 0..<(count * 4) {
          let index = choices.next(below: count)
          switch choices.next(below: 3) {
          case 0: tasks[index].cancel()
          case 1: if waiters[index].finish(.woken) { winners.note(index, .woken) }
          default: if waiters[index].finish(.closed) { winners.note(index, .closed) }
          }
        }
        // Whatever has not been ended by chance.
        for index in 0..<count where index % threads == thread {
          if waiters[index].finish(.woken) { winners.note(index, .woken) }
        }
      }
    }
    for (index, task) in tasks.enumerated() {
      let outcome = await task.value
      #expect(outcome == waiters[index].outcome)
    }
    try await winners.check(waiters)
  }

  /// Who was told that it had ended which wait.
  private final class Winners: Sendable {
    private let outcomes: Mutex<[[Waiter.Outcome]]>

    init(count: Int) { outcomes = Mutex(Array(repeating: [], count: count)) }

    func note(_ index: Int, _ outcome: Waiter.Outcome) {
      outcomes.withLock { $0[index].append(outcome) }
    }

    /// A thread may still be about to note what it has done.
    func check(_ waiters: [Waiter]) async throws {
      func isComplete() -> Bool {
        outcomes.withLock { outcomes in
          zip(outcomes, waiters).allSatisfy { $1.outcome == .cancelled || !$0.isEmpty }
        }
      }
      while !isComplete() { try await sleep(for: .milliseconds(1)) }
      outcomes.withLock { outcomes in
        for (told, waiter) in zip(outcomes, waiters) {
          #expect(told == (waiter.outcome == .cancelled ? [] : [waiter.outcome]))
        }
      }
    }
  }
}
