import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct AsyncGeneratorForEachTests {
  @TaskLocal static var tag = "none"

  @Test(arguments: [0, 1, 5, 1000]) func `values come in the order in which they are given`(_ count: Int)
    async throws
  {
    var values: [Int] = []
    try await counting(to: count).forEach { values.append($0) }
    try await counting(to: count).forEach { value in
      await giveWay()
      values.append(value)
    }
    #expect(values == Array(0..<count) + Array(0..<count))
  }

  @Test func `the two sides take turns, and it returns when the producer has`() async throws {
    let journal = Journal<String>()
    let generator = counting(to: 2, journal)
    for _ in 0..<2 { try await generator.forEach { journal.note("takes \($0)") } }
    let once = ["starts", "gives 0", "takes 0", "gives 1", "takes 1", "ends"]
    #expect(journal.entries == once + once)
  }

  @Test func `both sides may wait between values`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      for number in 0..<3 {
        try await sleep(for: .seconds(1))
        try await yield(number)
      }
    }
    var values: [Int] = []
    try await generator.forEach { number in
      values.append(number)
      try await sleep(for: .seconds(10))
    }
    #expect(values == [0, 1, 2])
    #expect(LoopClock.now == .seconds(33))
  }

  @Test func `all of it runs in the caller's task`() async throws {
    let caller = TaskIdentity.current
    let loop = try #require(EventLoop.current)
    // Those of other tests come and go.
    @Sendable func tasks() -> [String] {
      TaskRegistry.shared.all.filter { $0.loop === loop }.map(\.description)
    }
    let before = tasks()
    let generator = AsyncGenerator<String>(name: "rows", fileID: "App/Rows.swift", line: 8) { yield in
      #expect(TaskIdentity.current == caller)
      #expect(CancelScope.effectiveDeadline == nil)
      try await yield(Self.tag)
    }
    try await Self.$tag.withValue("caller's") {
      try await generator.forEach { value in
        await giveWay()
        #expect(value == "caller's")
        #expect(TaskIdentity.current == caller)
        #expect(tasks() == before)
      }
    }
  }

  @Test func `its deadline is the caller's`() async throws {
    let generator = AsyncGenerator<Bool> { yield in try await yield(CancelScope.effectiveDeadline != nil) }
    try await withTimeout(.seconds(1)) { try await generator.forEach { #expect($0) } }
    try await generator.forEach { #expect(!$0) }
  }

  @Test func `the closure uses what is not Sendable`() async throws {
    let counter = Counter()
    try await counting(to: 10).forEach { counter.count += $0 }
    #expect(counter.count == 45)
  }

  @Test func `a producer may take from another generator, to any depth`() async throws {
    @Sendable func nested(_ depth: Int) -> AsyncGenerator<Int> {
      AsyncGenerator { yield in
        guard depth > 0 else { return try await yield(0) }
        try await nested(depth - 1).forEach { try await yield($0 + 1) }
        try await yield(depth)
      }
    }
    var values: [Int] = []
    try await nested(100).forEach { values.append($0) }
    #expect(values == Array(repeating: 100, count: 101))
  }

  @Test func `a generator that prefetches is as good as any`() async throws {
    var values: [Int] = []
    try await counting(to: 10).prefetch(2).forEach { values.append($0) }
    #expect(values == Array(0..<10))
    await #expect(throws: TestFailure(1)) {
      try await counting(to: 10).prefetch(2).forEach { _ in throw TestFailure(1) }
    }
  }

  @Test func `values and closures go away, and what the producer holds`() async throws {
    weak var held: Token?
    weak var last: Token?
    do {
      let token = Token()
      held = token
      let generator = AsyncGenerator<Token> { yield in
        for _ in 0..<3 { try await yield(Token()) }
        _ = token
      }
      try await generator.forEach { value in
        _ = token
        last = value
      }
    }
    #expect(held == nil)
    #expect(last == nil)
  }

  // MARK: Errors

  @Test(arguments: [false, true]) func `the closure's error ends the producer, and is thrown as it was`(
    _ waits: Bool
  ) async throws {
    let journal = Journal<String>()
    let failure = Failure()
    let generator = AsyncGenerator<Int> { yield in
      do { for number in 0..<10 { try await yield(number) } } catch {
        #expect(error as? Failure === failure)
        await sleepUncancelled(for: .seconds(1))
        journal.note("cleaned")
        throw error
      }
    }
    let error = await #expect(throws: Failure.self) {
      if waits {
        try await generator.forEach { number in
          await giveWay()
          if number == 3 { throw failure }
        }
      } else {
        try await generator.forEach { if $0 == 3 { throw failure } }
      }
    }
    #expect(error === failure)
    #expect(journal.entries == ["cleaned"])
    #expect(LoopClock.now == .seconds(1))
  }

  @Test func `a producer that goes on gets the closure's error again`() async throws {
    let journal = Journal<Int>()
    let generator = AsyncGenerator<Int> { yield in
      for number in 0..<4 {
        do { try await yield(number) } catch let error as TestFailure { journal.note(error.number) }
      }
    }
    var values: [Int] = []
    await #expect(throws: TestFailure(7)) {
      try await generator.forEach { number in
        values.append(number)
        if number == 1 { throw TestFailure(7) }
      }
    }
    #expect(values == [0, 1])
    #expect(journal.entries == [7, 7, 7])
  }

  @Test func `errors of closure and cleanup are thrown as a group`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      do { try await yield(1) } catch { throw TestFailure(2) }
    }
    do {
      try await generator.forEach { _ in throw TestFailure(1) }
      Issue.record("no error was thrown")
    } catch let group as ErrorGroup {
      #expect(group.errors(of: TestFailure.self) == [TestFailure(1), TestFailure(2)])
    }
  }

  @Test func `a cancellation is no part of a group`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      do { try await yield(1) } catch is CancellationError { throw TestFailure(2) } catch {
        throw CancellationError()
      }
    }
    await #expect(throws: TestFailure(1)) { try await generator.forEach { _ in throw TestFailure(1) } }
    await #expect(throws: TestFailure(2)) { try await generator.forEach { _ in throw CancellationError() } }
  }

  @Test func `the producer's error comes after its values`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      try await yield(1)
      throw TestFailure(2)
    }
    var values: [Int] = []
    await #expect(throws: TestFailure(2)) { try await generator.forEach { values.append($0) } }
    #expect(values == [1])
  }

  // MARK: Cancelled

  @Test func `cancelled before, it does not start the producer`() async throws {
    let journal = Journal<String>()
    let task = Task {
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      try await counting(to: 3, journal).forEach { _ in Issue.record("there is no value") }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(journal.entries.isEmpty)
  }

  @Test func `cancelled while the closure waits, the producer has cleaned up when it throws`() async throws {
    let journal = Journal<String>()
    let task = Task {
      try await counting(to: 3, journal).forEach { _ in try await sleep(for: .seconds(1000)) }
    }
    try await sleep(for: .seconds(1))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(journal.entries == ["starts", "gives 0", "cancelled"])
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `cancelled while the producer waits, it throws when that has cleaned up`() async throws {
    let cleaned = Journal<Void>()
    let task = Task {
      let generator = AsyncGenerator<Int> { _ in try await sleepAndCleanUp { cleaned.note(()) } }
      try await generator.forEach { _ in }
    }
    try await sleep(for: .seconds(1))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(cleaned.count == 1)
    #expect(LoopClock.now == .seconds(2))
  }

  @Test(arguments: [false, true]) func `cancelled after a value, it gives no other`(_ shields: Bool)
    async throws
  {
    let journal = Journal<Int>()
    let task = Task {
      let generator = AsyncGenerator<Int> { yield in
        for number in 0..<3 {
          if shields { try? await withShield { try await yield(number) } } else { try? await yield(number) }
        }
      }
      try await generator.forEach { number in
        journal.note(number)
        await giveWay()
      }
    }
    await giveWay()
    task.cancel()
    // The producer does not heed it, but the caller is told.
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(journal.entries == [0])
  }

  @Test func `cancelled after the last value, it returns`() async throws {
    let task = Task {
      try await counting(to: 2).forEach { number in
        if number == 1 { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
      }
    }
    try await task.value
  }

  @Test func `the error of the cleanup wins over the cancellation`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      do { try await yield(1) } catch { throw TestFailure(1) }
    }
    let task = Task { try await generator.forEach { _ in try await sleep(for: .seconds(1000)) } }
    await settle()
    task.cancel()
    await #expect(throws: TestFailure(1)) { try await task.value }
  }

  @Test func `a timeout around it ends both sides`() async throws {
    let journal = Journal<String>()
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.seconds(1)) {
        try await counting(to: 3, journal).forEach { _ in try await sleep(for: .seconds(1000)) }
      }
    }
    #expect(journal.entries.last == "cancelled")
    #expect(LoopClock.now == .seconds(1))
  }

  // MARK: Scopes in the producer

  @Test func `a timeout around a yield holds for the closure`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      for number in 0..<3 { try await withTimeout(.seconds(10)) { try await yield(number) } }
    }
    var values: [Int] = []
    await #expect(throws: TimeoutError.self) {
      try await generator.forEach { number in
        values.append(number)
        try await sleep(for: number < 2 ? .seconds(9) : .seconds(11))
      }
    }
    #expect(values == [0, 1, 2])
    #expect(LoopClock.now == .seconds(28))
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `a yield that comes after its timeout gives nothing, and the next one does`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      do {
        try await withTimeout(.seconds(1)) {
          await sleepUncancelled(for: .seconds(2))
          try await yield(1)
        }
      } catch is TimeoutError {}
      try await yield(2)
    }
    var values: [Int] = []
    try await generator.forEach { values.append($0) }
    #expect(values == [2])
  }

  // MARK: Actors

  @Test func `the closure is on the caller's actor, wherever the producer is`() async throws {
    let adder = Adder()
    let onMain = AsyncGenerator<Int> { @MainActor yield in
      for number in 0..<3 {
        MainActor.assertIsolated()
        try await yield(number)
        MainActor.assertIsolated()
      }
    }
    for generator in [onMain, counting(to: 3)] { try await adder.add(generator) }
    #expect(await adder.sum == 12)
    try await addOnMain(onMain)
    try await addOnMain(counting(to: 3))
  }

  @MainActor private func addOnMain(_ generator: AsyncGenerator<Int>) async throws {
    var sum = 0
    try await generator.forEach { number in
      MainActor.assertIsolated()
      sum += number
    }
    try await generator.forEach { number in
      await giveWay()
      MainActor.assertIsolated()
      sum += number
    }
    MainActor.assertIsolated()
    #expect(sum == 6)
  }

  @Test func `an actor's object is its own while the producer is on another actor`() async throws {
    let adder = Adder()
    try await adder.addThroughObject(AsyncGenerator<Int> { @MainActor yield in try await yield(5) })
    #expect(await adder.sum == 10)
  }

  // MARK: Misuse

  @Test func `a yield that is kept and not called does no harm`() async throws {
    let escaped = Escaped()
    try await AsyncGenerator<Int>({ unsafe escaped.yield = $0 }).forEach { _ in }
    try await AsyncGenerator<Int>({ unsafe escaped.yield = $0 }).forEach { _ in await giveWay() }
  }

  @Test(.realTime, .deadline(.seconds(60))) func `yield outside of its generator is refused`() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await onVirtualLoop {
        let escaped = Escaped()
        try await AsyncGenerator<Int>({ unsafe escaped.yield = $0 }).forEach { _ in }
        try await unsafe escaped.yield?(1)
      }
    }
    #expect(result.says("yield was called outside of its generator"))
  }

  @Test(.realTime, .deadline(.seconds(60))) func `two calls of yield at once are refused`() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await onVirtualLoop {
        let generator = AsyncGenerator<Int> { yield in
          nonisolated(unsafe) let yield = yield
          async let first: Void = unsafe yield(1)
          async let second: Void = unsafe yield(2)
          _ = try await (first, second)
        }
        try await generator.forEach { _ in try await sleep(for: .seconds(1)) }
      }
    }
    #expect(result.says("yield was called while another call of it waits"))
  }
}

private final class Failure: Error, Sendable {}

private final class Counter {
  var count = 0
}

private final class Escaped: @unchecked Sendable {
  nonisolated(unsafe) var yield: AsyncGenerator<Int>.Yield?
}

/// An object that is not Sendable: what it calls runs where its caller does.
private final class Tally {
  var sum = 0

  func add(_ generator: AsyncGenerator<Int>, to actor: isolated Adder) async throws {
    try await addAll(generator, on: actor)
    try await generator.forEach { number in
      await giveWay()
      actor.preconditionIsolated()
      self.sum += number
    }
  }

  private func addAll(_ generator: AsyncGenerator<Int>, on actor: Adder) async throws {
    try await generator.forEach { number in
      actor.preconditionIsolated()
      self.sum += number
    }
  }
}

private actor Adder {
  private(set) var sum = 0

  func add(_ generator: AsyncGenerator<Int>) async throws {
    try await generator.forEach { number in
      preconditionIsolated()
      sum += number
    }
    try await generator.forEach { number in
      await giveWay()
      preconditionIsolated()
      sum += number
    }
    preconditionIsolated()
  }

  func addThroughObject(_ generator: AsyncGenerator<Int>) async throws {
    let tally = Tally()
    try await tally.add(generator, to: self)
    sum += tally.sum
  }
}
