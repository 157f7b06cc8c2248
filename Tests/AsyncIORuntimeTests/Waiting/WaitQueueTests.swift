import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIORuntime

@Suite(.virtualTime) struct WaitQueueTests {
  @Test func `those who wait are woken in the order in which they came`() async {
    let line = Line()
    let order = Journal<Int>()
    let tasks = (0..<3).map { number in
      Task {
        _ = await line.wait(number)
        order.note(number)
      }
    }
    await settle()
    #expect(line.count == 3)
    for _ in tasks { #expect(line.wake()) }
    #expect(!line.wake())
    for task in tasks { await task.value }
    #expect(order.entries == [0, 1, 2])
    #expect(line.count == 0)
  }

  @Test func `what it is given is in the payload`() async {
    let line = Line()
    let task = Task { await line.wait(1).1 }
    await settle()
    line.wake(giving: 42)
    #expect(await task.value == 42)
  }

  @Test func `woken before it waits, it does not suspend`() async {
    let line = Line()
    let waiter = line.append(1)
    #expect(line.wake(giving: 2))
    #expect(await waiter.wait(for: "test") == .woken)
    #expect(waiter.payload == 2)
  }

  @Test func `who was cancelled is skipped, and the next one woken`() async {
    let line = Line()
    let tasks = (0..<3).map { number in Task { await line.wait(number).0 } }
    await settle()
    tasks[0].cancel()
    tasks[1].cancel()
    // Neither has run since.
    #expect(line.count == 3)
    #expect(line.wake())
    #expect(line.count == 0)
    #expect(await tasks[0].value == .cancelled)
    #expect(await tasks[1].value == .cancelled)
    #expect(await tasks[2].value == .woken)
  }

  @Test func `who is cancelled leaves the queue, from wherever it stands`() async {
    let line = Line()
    let tasks = (0..<4).map { number in Task { await line.wait(number) } }
    await settle()
    for (index, left) in [(1, 3), (3, 2), (0, 1)] {
      tasks[index].cancel()
      #expect(await tasks[index].value.0 == .cancelled)
      #expect(line.count == left)
    }
    #expect(line.wake())
    #expect(await tasks[2].value.0 == .woken)
    #expect(line.count == 0)
  }

  @Test func `cancelled just after it was woken, it keeps what it was given, and is told`() async {
    let line = Line()
    let waiter = line.append(1)
    let task = Task { await waiter.wait(for: "test") }
    await settle()
    #expect(line.wake(giving: 2))
    #expect(!waiter.wasCancelledLate)
    task.cancel()
    #expect(await task.value == .woken)
    #expect(waiter.payload == 2)
    #expect(waiter.wasCancelledLate)
    #expect(waiter.outcome == .woken)
  }

  @Test func `cancelled first, it is not cancelled late`() async {
    let waiter = Line().append(1)
    let task = Task { await waiter.wait(for: "test") }
    task.cancel()
    #expect(await task.value == .cancelled)
    #expect(!waiter.wasCancelledLate)
  }

  @Test func `all can be told at once that nothing will come`() async {
    let line = Line()
    let order = Journal<Int>()
    let tasks = (0..<100).map { number in
      Task {
        #expect(await line.wait(number).0 == .closed)
        order.note(number)
      }
    }
    await settle()
    line.close()
    for task in tasks { await task.value }
    #expect(order.entries == Array(0..<100))
  }

  @Test func `those who have left are not kept`() async {
    let line = Line()
    weak var waiter: QueuedWaiter<Int>?
    do {
      let task = Task { await line.wait(1) }
      await settle()
      waiter = line.first
      #expect(waiter != nil)
      task.cancel()
      _ = await task.value
    }
    await settle()
    #expect(waiter == nil)
  }

  @Test(.deadline(.seconds(60))) func `a hundred thousand leave in any order, each at once`() async {
    let line = Line()
    let tasks = (0..<100_000).map { number in Task { await line.wait(number).0 } }
    await settle()
    #expect(line.count == 100_000)
    var choices = SeededNumbers(seed: 7)
    var left = tasks
    while !left.isEmpty {
      left.swapAt(choices.next(below: left.count), left.count - 1)
      left.removeLast().cancel()
    }
    for task in tasks { #expect(await task.value == .cancelled) }
    #expect(line.count == 0)
  }

  @Test func `one that is put ahead of all others is woken first`() {
    var queue = WaitQueue<Int>()
    let waiters = (0..<4).map { QueuedWaiter($0) }
    queue.prepend(waiters[1])
    queue.append(waiters[2])
    queue.prepend(waiters[0])
    queue.append(waiters[3])
    #expect(queue.count == 4)
    queue.remove(waiters[2])
    var wakeUps = WakeUps()
    var order: [Int] = []
    while let first = queue.first {
      order.append(first.payload)
      #expect(queue.wake(first, into: &wakeUps))
    }
    #expect(order == [0, 1, 3])
    #expect(queue.count == 0)
    withExtendedLifetime(waiters) {}
  }

  @Test(.realTime, .deadline(.seconds(60))) func `a waiter stands in one queue`() async {
    await #expect(processExitsWith: .failure) {
      var queue = WaitQueue<Int>()
      let waiter = QueuedWaiter(1)
      queue.append(waiter)
      queue.append(waiter)
    }
  }
}

/// A queue in a mutex, and nothing else.
private final class Line: Sendable {
  private let queue = Mutex(WaitQueue<Int>())

  var count: Int { queue.withLock { $0.count } }
  var first: QueuedWaiter<Int>? { queue.withLock { $0.first } }

  func append(_ payload: Int) -> QueuedWaiter<Int> {
    let waiter = QueuedWaiter(payload)
    queue.withLock { $0.append(waiter) }
    return waiter
  }

  func wait(_ payload: Int) async -> (Waiter.Outcome, Int) {
    let waiter = append(payload)
    let outcome = await waiter.wait(for: "test")
    if outcome == .cancelled { queue.withLock { $0.remove(waiter) } }
    return (outcome, waiter.payload)
  }

  @discardableResult
  func wake(giving payload: Int? = nil) -> Bool {
    let (isWoken, wakeUps) = queue.withLock { queue in
      var wakeUps = WakeUps()
      if let payload { queue.first?.payload = payload }
      return (queue.wakeFirst(into: &wakeUps), wakeUps)
    }
    wakeUps.resume()
    return isWoken
  }

  func close() {
    queue.withLock { queue in
      var wakeUps = WakeUps()
      queue.wakeAll(.closed, into: &wakeUps)
      return wakeUps
    }.resume()
  }
}
