// The promises of two directions at once.

internal import AsyncIONetwork
internal import AsyncIORuntime
internal import Testing

/// What holds between two streams that are connected with each other.
struct TwoWayChecks<One: ByteStream, Other: ByteStream> {
  typealias Ends = (one: One, other: Other)

  private let place: SourceLocation

  init(_ place: SourceLocation) { self.place = place }

  private func expect(_ condition: Bool, _ promise: String) {
    if !condition { Issue.record("a stream must keep this: \(promise)", sourceLocation: place) }
  }

  func bothAtOnce(_ ends: Ends) async throws {
    // More than both directions hold together, so that each end must read while it writes.
    let bytes = StreamBytes.pattern(1_000_000)
    async let echo: Void = { @Sendable in
      while case let piece = try await ends.other.read(atMost: 10_000), !piece.isEmpty {
        try await ends.other.write(piece)
      }
      await ends.other.close()
    }()
    async let writing: Void = ends.one.write(bytes)
    var received: [UInt8] = []
    while received.count < bytes.count,
      try await ends.one.read(appendingTo: &received, atMost: 65_536) > 0
    {}
    try await writing
    expect(received == bytes, "both directions go at once, and do not disturb each other")
    await ends.one.close()
    try? await echo
  }

  func halfClose(_ ends: Ends) async throws {
    let waiting = Task { try await ends.other.read(atMost: 10) }
    await settle()
    try await ends.one.closeWriting()
    expect(try await waiting.value.isEmpty, "who reads sees that the peer writes no more")
    expect(!ends.one.isClosed, "a stream that only writes no more is not closed")
    do {
      try await ends.one.write([1])
      expect(false, "writing after `closeWriting` fails")
    } catch let error as IOError {
      expect(error.code != .busy, "writing after `closeWriting` fails, and not with \(error)")
    }
    let bytes = StreamBytes.pattern(100_000)
    async let writing: Void = { @Sendable in
      try await ends.other.write(bytes)
      await ends.other.close()
    }()
    expect(
      try await StreamBytes.toEnd(ends.one) == bytes, "the other direction goes on after `closeWriting`")
    try await writing
    await ends.one.close()
    do {
      try await ends.one.closeWriting()
      expect(false, "`closeWriting` of a closed stream fails")
    } catch {
      expect(
        (error as? IOError)?.code == .closed, "`closeWriting` of a closed stream is `closed`, not \(error)")
    }
  }
}
