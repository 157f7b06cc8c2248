import AsyncIO

/// The same over two cells of one that this file makes of bare continuations: what a hand-over costs without a queue.
func pingPongOverContinuations() async throws {
  let rounds = sized(500_000)
  let there = Cell()
  let back = Cell()
  let start = ContinuousClock.now
  let pong = createTask { for _ in 0..<rounds { await back.put(await there.get()) } }
  var total = 0
  for round in 0..<rounds {
    await there.put(round)
    total += await back.get()
  }
  try await pong.value
  report(.continuations, count: 2 * rounds, since: start)
  precondition(total == rounds * (rounds - 1) / 2, "pingpong lost a message.")
}

/// Room for one number, between one task that puts and one that gets, both on one loop.
@safe private final class Cell: @unchecked Sendable {
  // Sendable: both tasks run on the one loop of this program, and no method suspends between a look and a change.
  private var number: Int?
  private var getter: UnsafeContinuation<Int, Never>?
  private var putter: UnsafeContinuation<Void, Never>?

  func put(_ number: Int) async {
    if let getter = unsafe getter {
      unsafe self.getter = nil
      return unsafe getter.resume(returning: number)
    }
    if self.number != nil { unsafe await withUnsafeContinuation { unsafe putter = $0 } }
    self.number = number
  }

  func get() async -> Int {
    guard let number else { return unsafe await withUnsafeContinuation { unsafe getter = $0 } }
    self.number = nil
    if let putter = unsafe putter {
      unsafe self.putter = nil
      unsafe putter.resume()
    }
    return number
  }
}
