// One direction of a connection through a bad network.
//
// One task reads and says when each piece is to arrive; another one waits for that and writes. Between them there are at most 64
// pieces, so that a receiver that does not read makes the sender wait, as on a real network.

internal import AsyncIOCoordination
internal import AsyncIONetwork
internal import AsyncIORuntime

/// Passes bytes on from one stream to another, badly.
struct ChaosFlow<Source: ByteStream, Sink: ByteStream>: Sendable {
  /// What passes.
  private enum Piece: Sendable {
    case bytes([UInt8], arrival: LoopClock.Instant)
    case end(arrival: LoopClock.Instant)
  }

  /// How a direction ended.
  enum Ending: Sendable { case passed, cut, reset }

  let source: Source
  let sink: Sink
  let chaos: [Chaos]
  let seed: UInt64

  /// Passes bytes on until the source has ended, or the chaos says so.
  func run() async throws -> Ending {
    let pieces = AsyncQueue<Piece>(capacity: 64)
    return try await withTaskScope { scope in
      let reader = scope.createTask { try await read(into: pieces) }
      let ending = try await write(pieces)
      reader.cancel()
      return ending
    }
  }

  private func read(into pieces: AsyncQueue<Piece>) async throws {
    var numbers = ChaosNumbers(seed: seed)
    var arrival = LoopClock.now
    while true {
      let bytes = try await source.read(atMost: 16 * 1024)
      var delay = Duration.zero
      for case .latency(let time, let jitter) in chaos {
        delay += time + jitter * Double.random(in: 0..<1, using: &numbers)
      }
      if bytes.isEmpty {
        for case .slowClose(let time) in chaos { delay += time }
      }
      // Never before what was sent earlier.
      arrival = max(arrival, LoopClock.now.advanced(by: delay))
      guard !bytes.isEmpty else { return try await pieces.put(.end(arrival: arrival)) }
      try await pieces.put(.bytes(bytes, arrival: arrival))
    }
  }

  private func write(_ pieces: AsyncQueue<Piece>) async throws -> Ending {
    var numbers = ChaosNumbers(seed: seed ^ 1)
    var passed = 0
    while true {
      switch try await pieces.get() {
      case .end(let arrival):
        try await sleep(until: arrival)
        if isSwallowed(passed) { return try await waitForEver() }
        try await sink.closeWriting()
        return .passed
      case .bytes(let bytes, let arrival):
        try await sleep(until: arrival)
        var rest = bytes[...]
        while !rest.isEmpty {
          let piece = rest.prefix(pieceSize(after: passed, &numbers))
          rest = rest.dropFirst(piece.count)
          if !isSwallowed(passed) { try await pass(piece) }
          passed += piece.count
          if let ending = ending(after: passed) { return ending }
        }
      }
    }
  }

  private func pass(_ piece: ArraySlice<UInt8>) async throws {
    for case .slicing(_, let pause) in chaos where pause > .zero { try await sleep(for: pause) }
    try await sink.write(piece)
    for case .bandwidth(let rate) in chaos {
      try await sleep(for: .nanoseconds(Int64(piece.count) * 1_000_000_000 / Int64(rate)))
    }
  }

  /// How many bytes pass together, so that none passes beyond a limit.
  private func pieceSize(after passed: Int, _ numbers: inout ChaosNumbers) -> Int {
    var size = Int.max
    for effect in chaos {
      switch effect {
      case .slicing(let most, _): size = min(size, Int.random(in: 1...most, using: &numbers))
      case .bandwidth(let rate): size = min(size, max(1, rate / 20))
      case .cut(let limit), .reset(let limit), .blackHole(let limit):
        if limit > passed { size = min(size, limit - passed) }
      case .latency, .slowClose: break
      }
    }
    return size
  }

  private func isSwallowed(_ passed: Int) -> Bool {
    chaos.contains { if case .blackHole(let limit) = $0 { passed >= limit } else { false } }
  }

  private func ending(after passed: Int) -> Ending? {
    for effect in chaos {
      switch effect {
      case .cut(let limit) where passed >= limit: return .cut
      case .reset(let limit) where passed >= limit: return .reset
      default: break
      }
    }
    return nil
  }

  private func waitForEver() async throws -> Ending {
    while true { try await sleep(for: .seconds(3600)) }
  }
}
