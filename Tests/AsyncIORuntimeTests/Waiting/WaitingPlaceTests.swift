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

  @Test func `whoever waits for a descriptor again is told, though its place has it still`() async throws {
    let (place, pipe) = (WaitingPlace(), try Pipe())
    let descriptor = try Descriptor(pipe.reader, owned: false)
    let task = Task {
      place.bindPlace()
      defer { place.unbindPlace() }
      return [try await descriptor.read(), try await descriptor.read(), try await descriptor.read()]
    }
    await settle()
    pipe.write(1)
    await settle()
    pipe.write(1)
    await settle()
    task.cancel()
    place.tell()
    await #expect(throws: CancellationError.self) { _ = try await task.value }
  }

  @Test func `a descriptor that is told when its wait has ended wakes nobody for good`() async throws {
    let (place, pipe) = (WaitingPlace(), try Pipe())
    let descriptor = try Descriptor(pipe.reader, owned: false)
    let first = Task {
      place.bindPlace()
      defer { place.unbindPlace() }
      return try await descriptor.read()
    }
    await settle()
    pipe.write(1)
    #expect(try await first.value == 1)
    let second = Task { try await descriptor.read() }
    await settle()
    place.tell()
    await settle()
    pipe.write(2)
    #expect(try await second.value == 2)
    // Told while nobody waits: whoever comes next waits all the same.
    place.tell()
    let third = Task { try await descriptor.read() }
    await settle()
    pipe.write(3)
    #expect(try await third.value == 3)
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

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `whoever is cancelled stops to read, on two loops`(_ seed: UInt64) async throws {
    try await onLoops(2) {
      let places = (0..<50).map { _ in WaitingPlace() }
      let pipes = try places.map { _ in try Pipe() }
      let descriptors = try pipes.map { try Descriptor($0.reader, owned: false) }
      let tasks = places.indices.map { number in
        Task {
          places[number].bindPlace()
          defer { places[number].unbindPlace() }
          // It reads until it is cancelled; a cancellation that is lost leaves it here for ever.
          var bytes = 0
          while let count = try? await descriptors[number].read() { bytes += count }
          return bytes
        }
      }
      var numbers = SeededNumbers(seed: seed)
      for number in places.indices {
        for _ in 0..<numbers.next(below: 20) {
          pipes[numbers.next(below: pipes.count)].write(1)
          if numbers.next(below: 3) == 0 { await Task.yield() }
        }
        tasks[number].cancel()
        places[number].tell()
      }
      for task in tasks { _ = await task.value }
      // Nothing is lost for whoever reads next, though a place may be told late.
      for (number, pipe) in pipes.enumerated() {
        places[number].tell()
        pipe.write(1)
        #expect(try await descriptors[number].read() > 0)
      }
    }
  }
}

/// What each of some tasks waits for at present.
private final class PresentWaiters: Sendable {
  let list: Mutex<[Waiter?]>

  init(count: Int) { list = Mutex(Array(repeating: nil, count: count)) }
}

extension WaitingPlace {
  /// Says that the current task waits for `target`.
  fileprivate func beginWait(_ target: WaitTarget) {
    unsafe beginWait(target, UnsafeMutableRawPointer(bitPattern: TaskIdentity.current?.word ?? 0))
  }
}
