import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.realTime, .closesDescriptors) struct TCPStreamTests {
  @Test func `a read gives what is there, at most the limit`() async throws {
    let ends = try await Connection()
    try await ends.client.write([1, 2, 3, 4, 5])
    #expect(try await ends.server.read(atMost: 3) == [1, 2, 3])
    #expect(try await ends.server.read(atMost: 100) == [4, 5])
  }

  @Test func `a read waits for the first byte`() async throws {
    let ends = try await Connection()
    let reader = Task { try await ends.server.read(atMost: 100) }
    await settle()
    try await ends.client.write([7])
    #expect(try await reader.value == [7])
  }

  @Test func `a read appends to what is there already`() async throws {
    let ends = try await Connection()
    var bytes: [UInt8] = [1, 2]
    try await ends.client.write([3, 4, 5])
    #expect(try await ends.server.read(appendingTo: &bytes, atMost: 2) == 2)
    #expect(bytes == [1, 2, 3, 4])
    #expect(try await ends.server.read(appendingTo: &bytes, atMost: 2) == 1)
    #expect(bytes == [1, 2, 3, 4, 5])
    ends.client.close()
    #expect(try await ends.server.read(appendingTo: &bytes, atMost: 2) == 0)
    #expect(bytes == [1, 2, 3, 4, 5])
  }

  @Test func `a read fills the caller's memory`() async throws {
    let ends = try await Connection()
    try await ends.client.write([1, 2, 3])
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 1)
    defer { unsafe memory.deallocate() }
    let count = unsafe try await ends.server.read(into: memory)
    #expect(unsafe Array(memory.prefix(count)) == [1, 2, 3])
    ends.client.close()
    #expect(unsafe try await ends.server.read(into: memory) == 0)
  }

  @Test func `arrays, slices and memory are written, and nothing is nothing`() async throws {
    let ends = try await Connection()
    try await ends.client.write([])
    try await ends.client.write([1, 2])
    try await ends.client.write([0, 3, 4, 0][1...2])
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2, alignment: 1)
    defer { unsafe memory.deallocate() }
    unsafe memory.copyBytes(from: [5, 6])
    unsafe try await ends.client.write(UnsafeRawBufferPointer(memory))
    unsafe try await ends.client.write(UnsafeRawBufferPointer(start: nil, count: 0))
    ends.client.close()
    #expect(try await ends.server.readToEnd() == [1, 2, 3, 4, 5, 6])
  }

  @Test func `a mebibyte goes both ways at once`() async throws {
    let ends = try await Connection()
    let bytes = pattern(1 << 20)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (from, to) in [(ends.client, ends.server), (ends.server, ends.client)] {
        group.addTask {
          try await from.write(bytes)
          try from.closeWriting()
        }
        group.addTask {
          let received = try await to.readToEnd()
          #expect(received == bytes)
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func `a mebibyte from memory, read into memory`() async throws {
    let ends = try await Connection()
    let bytes = pattern(1 << 20)
    let writer = Task {
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
      defer { unsafe memory.deallocate() }
      unsafe memory.copyBytes(from: bytes)
      unsafe try await ends.client.write(UnsafeRawBufferPointer(memory))
      ends.client.close()
    }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 1, alignment: 1)
    defer { unsafe memory.deallocate() }
    var count = 0
    while true {
      let part = unsafe try await ends.server.read(
        into: UnsafeMutableRawBufferPointer(rebasing: memory[count...]))
      if part == 0 { break }
      count += part
    }
    #expect(unsafe Array(memory.prefix(count)) == bytes)
    try await writer.value
  }

  @Test func `many small writes arrive in their order`() async throws {
    let ends = try await Connection()
    let bytes = pattern(5000)
    let reader = Task { try await ends.server.readToEnd() }
    for byte in bytes { try await ends.client.write([byte]) }
    ends.client.close()
    #expect(try await reader.value == bytes)
  }

  @Test func `a writer waits for a reader that is slow`() async throws {
    let ends = try await Connection()
    let bytes = plenty
    let written = Journal<Void>()
    let writer = Task {
      try await ends.client.write(bytes)
      written.note(())
    }
    await settle()
    #expect(written.count == 0)
    #expect(try await ends.server.read(exactly: bytes.count) == bytes)
    try await writer.value
  }

  @Test func `a stream that always has something lets others have their turn`() async throws {
    let ends = try await Connection()
    try await ends.client.write(pattern(10_000))
    await settle()
    let others = Journal<Void>()
    Task { others.note(()) }
    var count = 0
    while others.count == 0, count < 10_000 { count += try await ends.server.read(atMost: 1).count }
    #expect(others.count == 1)
  }

  @Test func `two tasks use one stream, one for each direction`() async throws {
    let ends = try await Connection()
    let reader = Task { try await ends.client.read(atMost: 10) }
    await settle()
    try await ends.client.write([1])
    #expect(try await ends.server.read(atMost: 10) == [1])
    try await ends.server.write([2])
    #expect(try await reader.value == [2])
  }

  @Test func `two readers of one stream are one too many`() async throws {
    let ends = try await Connection()
    let first = Task { try await ends.server.read(atMost: 10) }
    await settle()
    await #expect(throws: IOError(.busy, operation: "read")) { try await ends.server.read(atMost: 10) }
    try await ends.client.write([1])
    #expect(try await first.value == [1])
  }

  @Test func `a read that was cancelled can be repeated, and nothing is lost`() async throws {
    let ends = try await Connection()
    for number in 0..<100 as Range<UInt8> {
      let reader = Task { try await ends.server.read(atMost: 100) }
      if number % 3 > 0 { await settle() }
      reader.cancel()
      if number % 2 > 0 { try await ends.client.write([number]) }
      await #expect(throws: CancellationError.self) { try await reader.value }
      if number % 2 == 0 { try await ends.client.write([number]) }
      #expect(try await ends.server.read(atMost: 100) == [number])
    }
  }

  @Test func `a write that was cancelled ends although nobody reads`() async throws {
    let ends = try await Connection()
    let writer = Task { try await ends.client.write(plenty) }
    await settle()
    writer.cancel()
    await #expect(throws: CancellationError.self) { try await writer.value }
  }

  @Test func `no room to read into is refused`() async {
    await #expect(processExitsWith: .failure) {
      _ = try await Connection().server.read(atMost: 0)
    }
  }
}
