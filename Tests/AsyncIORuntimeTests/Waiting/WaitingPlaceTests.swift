import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIORuntime

/// How a task of ours is told of its cancellation where it waits.
@Suite(.virtualTime) struct WaitingPlaceTests {
  @Test func `a task that waits is told at its place`() async {
    let (place, waiter) = (WaitingPlace(), Waiter())
    let task = Task {
      place.bindPlace()
      defer { place.unbindPlace() }
      return await waiter.wait(for: "test")
    }
    await settle()
    task.cancel()
    // The language has no record of the wait, so nobody has been told yet.
    #expect(waiter.outcome == nil)
    place.tell()
    #expect(waiter.outcome == .cancelled)
    #expect(await task.value == .cancelled)
  }

  @Test func `a task that was cancelled before it waits finds that out`() async {
    let (place, waiter) = (WaitingPlace(), Waiter())
    let task = Task {
      place.bindPlace()
      defer { place.unbindPlace() }
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      return await waiter.wait(for: "test")
    }
    #expect(await task.value == .cancelled)
  }

  @Test func `a place at which nobody waits has nobody to tell, and ends no later wait`() async {
    let (place, waiters) = (WaitingPlace(), [Waiter(), Waiter()])
    let task = Task {
      place.bindPlace()
      defer { place.unbindPlace() }
      _ = await waiters[0].wait(for: "test")
      place.tell()
      return await waiters[1].wait(for: "test")
    }
    await settle()
    waiters[0].finish(.woken)
    await settle()
    #expect(waiters[1].outcome == nil)
    waiters[1].finish(.woken)
    #expect(await task.value == .woken)
  }

  @Test func `a child of the language carries its parent's link along, and is told by the language`() async {
    let waiter = Waiter()
    let task = Task {
      let link = BorrowedContext()
      link.bind()
      defer { link.unbind() }
      return await withTaskGroup { group in
        group.addTask { await waiter.wait(for: "test") }
        await settle()
        group.cancelAll()
        return await group.next()
      }
    }
    #expect(await task.value == .cancelled)
  }

  @Test func `a link is found again after others have waited on the thread`() async {
    let waiters = [Waiter(), Waiter()]
    let link = BorrowedContext()
    let task = Task {
      link.bind()
      defer { link.unbind() }
      // Not by our means, so that nothing is remembered.
      await Task.yield()
      _ = await waiters[0].wait(for: "test")
      await Task.yield()
      return await waiters[1].wait(for: "test")
    }
    let other = Task {
      let place = WaitingPlace()
      place.bindPlace()
      for _ in 0..<10 {
        await giveWay()
        place.bindPlace()
      }
    }
    await settle()
    waiters[0].finish(.woken)
    await settle()
    task.cancel()
    #expect(waiters[1].outcome == nil)
    link.tell()
    #expect(await task.value == .cancelled)
    await other.value
  }

  @Test func `the workers of a pool are told all at once, wherever they have waited before`() async {
    let places = WorkerPlaces()
    let first = (0..<10).map { _ in Waiter() }
    let second = (0..<10).map { _ in Waiter() }
    let tasks = (0..<10).map { number in
      Task {
        places.enter()
        _ = await first[number].wait(for: "test")
        await giveWay()
        return await second[number].wait(for: "test")
      }
    }
    await settle()
    for waiter in first { waiter.finish(.woken) }
    await settle()
    for task in tasks { task.cancel() }
    places.tellAll()
    #expect(second.allSatisfy { $0.outcome == .cancelled })
    for task in tasks { #expect(await task.value == .cancelled) }
  }

  @Test func `a worker that was suspended by other means is told by the language`() async {
    let places = WorkerPlaces()
    let (waiter, others) = (Waiter(), Waiter())
    let worker = Task {
      places.enter()
      await Task.yield()
      return await waiter.wait(for: "test")
    }
    let other = Task {
      places.enter()
      return await others.wait(for: "test")
    }
    await settle()
    worker.cancel()
    #expect(await worker.value == .cancelled)
    other.cancel()
    places.tellAll()
    #expect(await other.value == .cancelled)
  }

  @Test func `whoever tells may run the task that is told, deeper in its stack`() async {
    let (place, waiter) = (WaitingPlace(), Waiter())
    let scope = ScopeContext()
    let ended = Journal<String>()
    // Its wait is ended by what it is told of, within the telling.
    scope.onCancel {
      waiter.finish(.woken)
      place.endWait()
      ended.note("ended")
    }
    place.bindPlace()
    place.beginWait(WaitTarget(scope))
    place.tell()
    #expect(ended.entries == ["ended"])
    // The place is empty: another wait can begin, and is told.
    place.beginWait(WaitTarget(waiter))
    place.tell()
    place.endWait()
    #expect(waiter.outcome == .woken)
    place.unbindPlace()
  }
}

/// Cancellations at any instant of a wait, from other threads: none is lost.
@Suite(.deadline(.seconds(60))) struct WaitingPlaceStressTests {
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `whoever is cancelled stops to wait, on two loops`(_ seed: UInt64) async throws {
    try await onLoops(2) {
      let places = (0..<100).map { _ in WaitingPlace() }
      let waiters = PresentWaiters(count: places.count)
      let tasks = places.indices.map { number in
        Task {
          places[number].bindPlace()
          defer { places[number].unbindPlace() }
          // Woken again and again, it waits until it is cancelled; a cancellation that is lost leaves it here for ever.
          var rounds = 0
          while !Task.isCancelled {
            let waiter = Waiter()
            waiters.list.withLock { $0[number] = waiter }
            _ = await waiter.wait(for: "test")
            rounds += 1
          }
          return rounds
        }
      }
      var numbers = SeededNumbers(seed: seed)
      for number in places.indices {
        for _ in 0..<numbers.next(below: 20) {
          let index = numbers.next(below: places.count)
          waiters.list.withLock { $0[index] }?.finish(.woken)
          if numbers.next(below: 3) == 0 { await Task.yield() }
        }
        tasks[number].cancel()
        places[number].tell()
      }
      for task in tasks { _ = await task.value }
      // None waits: the last waiter of each has an outcome.
      #expect(waiters.list.withLock { $0 }.allSatisfy { $0 == nil || $0?.outcome != nil })
    }
  }
}

/// What each of some tasks waits for at present.
private final class PresentWaiters: Sendable {
  let list: Mutex<[Waiter?]>

  init(count: Int) { list = Mutex(Array(repeating: nil, count: count)) }
}
