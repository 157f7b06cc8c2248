import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

/// Whoever waits, leaves, times out or is cancelled: values come in order, none twice, and each producer that was started ends.
@Suite(.deadline(.seconds(20))) struct AsyncGeneratorStressTests {
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `one loop, in many orders`(_ seed: UInt64) async throws {
    try await onVirtualLoop(seed: seed) { try await rage(seed, tasks: 10, rounds: 20) }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `one loop, handing over`(_ seed: UInt64) async throws {
    try await onLoops(1) { try await rage(seed, tasks: 10, rounds: 100) }
  }

  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func `two loops`(_ seed: UInt64) async throws {
    try await onLoops(2) { try await rage(seed, tasks: 10, rounds: 100) }
  }

  @Test(arguments: 1...2 as ClosedRange<UInt64>)
  func `without a loop`(_ seed: UInt64) async throws {
    try await withoutLoop { try await rage(seed, tasks: 10, rounds: 100) }
  }
}

/// Numbers from zero, from a producer that does now and then what producers may do.
private func numbers(_ seed: UInt64, inside: Gauge) -> AsyncGenerator<Int> {
  AsyncGenerator { yield in
    inside.enter()
    defer { inside.leave() }
    var dice = SeededNumbers(seed: seed)
    for number in 0..<20 {
      switch dice.next(below: 8) {
      case 0: await Task.yield()
      case 1: try await sleep(for: .microseconds(10))
      case 2: try await checkpoint()
      case 3:
        // The value is taken or not, but the number is not given again.
        do { try await withTimeout(.microseconds(20)) { try await yield(number) } } catch is TimeoutError {}
        continue
      case 4:
        try await withTimeout(.seconds(1000)) { try await yield(number) }
        continue
      case 5 where dice.next(below: 10) == 0: throw TestFailure(number)
      default: break
      }
      try await yield(number)
    }
  }
}

/// Takes numbers as one consumer may; whether they came in order.
private func consume(_ generator: AsyncGenerator<Int>, _ dice: inout SeededNumbers) async throws -> Bool {
  var last = -1
  let limit = dice.next(below: 25)
  for try await number in generator {
    guard number > last else { return false }
    last = number
    if number >= limit { break }
    if dice.next(below: 5) == 0 { await Task.yield() }
  }
  return true
}

private func rage(_ seed: UInt64, tasks: Int, rounds: Int) async throws {
  let inside = Gauge()
  let disorder = Journal<Int>()
  let consumers = (0..<tasks).map { task in
    Task {
      var dice = SeededNumbers(seed: seed &* 1000 &+ UInt64(task))
      for round in 0..<rounds {
        let generator = numbers(seed &* 7919 &+ UInt64(task * rounds + round), inside: inside)
        do {
          let isOrdered: Bool
          switch dice.next(below: 5) {
          case 3:
            let limit = dice.next(below: 25)
            var last = -1
            try await generator.forEach { number in
              guard number > last else { return disorder.note(round) }
              last = number
              if number >= limit { throw TestFailure(number) }
              if number % 5 == 0 { await Task.yield() }
            }
            isOrdered = true
          case 0:
            var own = dice
            isOrdered = try await withTimeout(.microseconds(30)) { try await consume(generator, &own) }
          case 1:
            isOrdered = try await consume(generator.prefetch(1 + round % 3), &dice)
          case 2:
            isOrdered = try await withGenerator(generator) { values in
              var last = -1
              for try await number in values {
                guard number > last else { return false }
                last = number
                if dice.next(below: 6) == 0 { break }
              }
              for try await number in values {
                guard number > last else { return false }
                last = number
                if dice.next(below: 6) == 0 { break }
              }
              return true
            }
          default: isOrdered = try await consume(generator, &dice)
          }
          if !isOrdered { disorder.note(round) }
        } catch is TestFailure {
        } catch is TimeoutError {
        } catch is CancellationError { return }
        if Task.isCancelled { return }
      }
    }
  }
  for (index, consumer) in consumers.enumerated() where index % 3 == Int(seed) % 3 {
    for _ in 0..<20 * index { await Task.yield() }
    consumer.cancel()
  }
  for consumer in consumers { try await consumer.value }
  // Producers that were left clean up by themselves.
  while inside.current > 0 { await Task.yield() }
  #expect(inside.current == 0)
  #expect(inside.total > 0)
  #expect(disorder.entries.isEmpty)
}
