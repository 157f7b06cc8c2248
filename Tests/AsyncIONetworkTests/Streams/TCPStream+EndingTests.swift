import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

@testable import AsyncIONetwork

@Suite(.realTime, .closesDescriptors) struct TCPStreamEndingTests {
  @Test func `after the peer has closed there is what it has written, and then the end`() async throws {
    let ends = try await Connection()
    try await ends.client.write([1, 2])
    ends.client.close()
    #expect(try await ends.server.read(atMost: 10) == [1, 2])
    #expect(try await ends.server.read(atMost: 10).isEmpty)
    #expect(try await ends.server.read(atMost: 10).isEmpty)
    #expect(!ends.server.isClosed)
  }

  @Test func `a reader that waits sees the end`() async throws {
    let ends = try await Connection()
    let reader = Task { try await ends.server.read(atMost: 10) }
    await settle()
    ends.client.close()
    #expect(try await reader.value.isEmpty)
  }

  @Test func `a stream that is dropped is closed`() async throws {
    var ends: Connection? = try await Connection()
    let server = try #require(ends?.server)
    ends = nil
    #expect(try await server.read(atMost: 10).isEmpty)
  }

  @Test func `one direction may be ended alone`() async throws {
    let ends = try await Connection()
    try await ends.client.write([1])
    try ends.client.closeWriting()
    #expect(try await ends.server.readToEnd() == [1])
    try await ends.server.write(pattern(100_000))
    ends.server.close()
    #expect(try await ends.client.readToEnd() == pattern(100_000))
    let error = await #expect(throws: IOError.self) { try await ends.client.write([2]) }
    #expect(error?.errno == EPIPE)
    #expect(error?.isDisconnection == true)
  }

  @Test func `the peer sees an abort as a reset, also while it reads`() async throws {
    for isReading in [false, true] {
      let ends = try await Connection()
      let reader = Task { try await ends.server.read(atMost: 10) }
      if isReading { await settle() }
      ends.client.abort()
      #expect(ends.client.isClosed)
      let error = await #expect(throws: IOError.self) { try await reader.value }
      #expect(error?.errno == ECONNRESET)
      #expect(error?.isDisconnection == true)
      ends.client.abort()
    }
  }

  @Test func `writing to a peer that has gone is an error, and no signal`() async throws {
    let ends = try await Connection()
    ends.server.close()
    let error = await #expect(throws: IOError.self) {
      while true { try await ends.client.write([1]) }
    }
    #expect(error?.isDisconnection == true)
  }

  @Test func `a writer that waits sees the reset`() async throws {
    let ends = try await Connection()
    let writer = Task { try await ends.client.write(plenty) }
    await settle()
    ends.server.abort()
    let error = await #expect(throws: IOError.self) { try await writer.value }
    #expect(error?.isDisconnection == true)
  }

  @Test func `closing wakes who reads and who writes`() async throws {
    let ends = try await Connection()
    let reader = Task { try await ends.client.read(atMost: 10) }
    let writer = Task { try await ends.client.write(plenty) }
    await settle()
    ends.client.close()
    await #expect(throws: IOError(.closed, operation: "read")) { try await reader.value }
    await #expect(throws: IOError(.closed, operation: "write")) { try await writer.value }
  }

  @Test func `closed, it refuses every use but closing`() async throws {
    let stream = try await Connection().client
    stream.close()
    stream.close()
    stream.abort()
    #expect(stream.isClosed)
    await #expect(throws: IOError(.closed, operation: "read")) { try await stream.read(atMost: 10) }
    await #expect(throws: IOError(.closed, operation: "write")) { try await stream.write([1]) }
    #expect(throws: IOError(.closed, operation: "shutdown")) { try stream.closeWriting() }
    #expect(throws: IOError(.closed, operation: "getsockname")) { try stream.localAddress }
    #expect(throws: IOError(.closed, operation: "getpeername")) { try stream.remoteAddress }
    #expect(stream.description == "TCPStream(closed)")
  }

  @Test func `what was written before closing still arrives`() async throws {
    let ends = try await Connection()
    let bytes = pattern(1 << 20)
    let reader = Task { try await ends.server.readToEnd() }
    try await ends.client.write(bytes)
    ends.client.close()
    #expect(try await reader.value == bytes)
  }

  @Test func `a kept connection is of use while nothing has come`() async throws {
    let ends = try await Connection()
    #expect(!ends.client.hasInput)
    try await ends.server.write([1])
    #expect(ends.client.hasInput)
    #expect(try await ends.client.read(atMost: 10) == [1])
    #expect(!ends.client.hasInput)
    ends.server.close()
    #expect(ends.client.hasInput)
    ends.client.close()
    #expect(ends.client.hasInput)
  }

  @Test func `a thousand connections leave no descriptor open`() async {
    // In a process of its own, where nobody else opens any.
    await #expect(processExitsWith: .success) {
      alarm(60)
      let (before, after) = try await onVirtualLoop {
        let before = try openDescriptors()
        for number in 0..<1000 {
          let ends = try await Connection()
          switch number % 5 {
          case 0: ends.client.close()
          case 1: ends.client.abort()
          case 2: _ = try? await ends.client.write([1])
          case 3:
            let reader = Task { try await ends.server.read(atMost: 10) }
            await Task.yield()
            reader.cancel()
            _ = await reader.result
          default: break
          }
        }
        let port = try ReservedPort()
        for _ in 0..<100 { _ = try? await TCPStream.connect(host: "127.0.0.1", port: port.number) }
        return (before, try openDescriptors())
      }
      #expect(after <= before + 1, "the reserved port")
    }
  }
}

/// How many descriptors this process has open.
private func openDescriptors() throws -> Int {
  guard let directory = unsafe opendir("/proc/self/fd") else {
    throw IOError(.system, errno: errno, operation: "opendir")
  }
  defer { unsafe closedir(directory) }
  var count = 0
  while unsafe readdir(directory) != nil { count += 1 }
  return count
}
