import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

/// What goes wrong with real sockets.
@Suite(.realTime, .deadline(.seconds(60)), .closesDescriptors) struct FaultTests {
  @Test func `a reset while both ends read and write ends all of them`() async throws {
    let ends = try await Connection()
    let tasks = [
      Task { _ = try await ends.client.read(atMost: 1) }, Task { try await ends.client.write(plenty) },
    ]
    await settle()
    ends.server.abort()
    for task in tasks {
      let error = await #expect(throws: IOError.self) { try await task.value }
      #expect(error?.isDisconnection == true)
    }
    ends.client.close()
  }

  @Test func `a peer that never reads takes no memory here`() async throws {
    let ends = try await Connection()
    var sent = 0
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.milliseconds(100)) { try await ends.client.write(plenty[...], progress: &sent) }
    }
    // What the system holds for both ends, and nothing else: the same bytes come out.
    #expect(sent > 0 && sent < plenty.count)
    ends.client.close()
    #expect(try await ends.server.readToEnd() == Array(plenty[..<sent]))
  }

  @Test func `half open: reading goes on for ever, and writing finds out`() async throws {
    let ends = try await Connection()
    try ends.server.closeWriting()
    #expect(try await ends.client.read(atMost: 1).isEmpty)
    try await ends.client.write([1])
    #expect(try await ends.server.read(atMost: 10) == [1])
    ends.server.close()
    let error = await #expect(throws: IOError.self) { while true { try await ends.client.write([1]) } }
    #expect(error?.isDisconnection == true)
    ends.client.close()
  }

  @Test func `a number that is used again at once belongs to the new stream alone`() async throws {
    for _ in 0..<50 {
      let old = try await Connection()
      let reading = Task { try await old.client.read(atMost: 1) }
      await settle()
      // Its number is free now, and the next sockets get it, while the old reader has not run yet.
      old.client.close()
      let new = try await Connection()
      try await old.server.write([9])
      try await new.server.write([7])
      await #expect(throws: IOError(.closed, operation: "read")) { try await reading.value }
      #expect(try await new.client.read(atMost: 10) == [7])
      await #expect(throws: IOError(.closed, operation: "read")) { try await old.client.read(atMost: 1) }
    }
  }

  @Test func `streams that are closed on one loop while another one reads from them`() async throws {
    try await onLoops(2) {
      for number in 0..<200 {
        let ends = try await Connection()
        let reading = Task.detached { try await ends.client.read(atMost: 1) }
        if number % 2 == 0 { await Task.yield() }
        ends.client.close()
        await #expect(throws: IOError(.closed, operation: "read")) { try await reading.value }
      }
    }
  }
}
