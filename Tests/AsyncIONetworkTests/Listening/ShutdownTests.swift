import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

@Suite(.realTime, .closesDescriptors) struct ShutdownTests {
  @Test func `handlers that end within the grace are left alone`() async throws {
    let listener = try TCPListener(port: 0)
    let serving = Task { try await listener.serve { try await $0.echo() } }
    let client = try await TCPStream.connect(to: listener.localAddress)
    await settle()
    let ending = Task { await listener.shutdown(grace: .seconds(60)) }
    await settle()
    try await client.write([1])
    #expect(try await client.read(atMost: 10) == [1])
    client.close()
    await ending.value
    try await serving.value
  }

  @Test func `nobody can connect from the beginning of the shutdown on`() async throws {
    let listener = try TCPListener(port: 0)
    let serving = Task { try await listener.serve { try await $0.echo() } }
    let client = try await TCPStream.connect(to: listener.localAddress)
    await settle()
    let ending = Task { await listener.shutdown(grace: .seconds(60)) }
    await settle()
    await #expect(throws: IOError.self) { try await TCPStream.connect(to: listener.localAddress) }
    client.close()
    await ending.value
    try await serving.value
  }

  @Test func `when the grace is over, handlers are cancelled and may clean up`() async throws {
    let listener = try TCPListener(port: 0)
    let cleaned = Journal<Bool>()
    let serving = Task {
      try await listener.serve { stream in
        do {
          try await stream.echo()
        } catch {
          await Task { try? await sleep(for: .milliseconds(5)) }.value
          cleaned.note(!stream.isClosed)
          throw error
        }
      }
    }
    let client = try await TCPStream.connect(to: listener.localAddress)
    await settle()
    await listener.shutdown(grace: .milliseconds(10), cleanup: .seconds(60))
    #expect(cleaned.entries == [true])
    #expect(try await client.read(atMost: 1).isEmpty)
    try await serving.value
  }

  @Test func `a handler that ignores its cancellation loses its connection`() async throws {
    let listener = try TCPListener(port: 0)
    let aborted = Journal<Bool>()
    let serving = Task {
      try await listener.serve { stream in
        // A task of its own is not cancelled with the handler.
        _ = await Task { try await stream.read(atMost: 1) }.result
        aborted.note(stream.isClosed)
      }
    }
    let client = try await TCPStream.connect(to: listener.localAddress)
    await settle()
    await listener.shutdown(grace: .milliseconds(5), cleanup: .milliseconds(5))
    #expect(aborted.entries == [true])
    let error = await #expect(throws: IOError.self) { try await client.read(atMost: 1) }
    #expect(error?.errno == ECONNRESET)
    try await serving.value
  }

  @Test func `cancelled, a shutdown gives no more time`() async throws {
    let listener = try TCPListener(port: 0)
    let serving = Task { try await listener.serve { try await $0.echo() } }
    let client = try await TCPStream.connect(to: listener.localAddress)
    await settle()
    let ending = Task { await listener.shutdown(grace: .seconds(3600)) }
    await settle()
    ending.cancel()
    await ending.value
    try await serving.value
    client.close()
  }

  @Test func `twice, and where nothing is served, it is nothing`() async throws {
    let listener = try TCPListener(port: 0)
    await listener.shutdown(grace: .seconds(3600))
    await listener.shutdown(grace: .seconds(3600))
    await #expect(throws: IOError(.closed, operation: "accept")) { try await listener.accept() }
  }

  @Test func `a process without descriptors accepts later, and does not spin`() async {
    await #expect(processExitsWith: .success) {
      alarm(60)
      try await onVirtualLoop {
        let listener = try TCPListener(port: 0)
        let client = try await TCPStream.connect(to: listener.localAddress)
        var taken: [CInt] = []
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = 64
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        while case let number = dup(0), number >= 0 { taken.append(number) }
        #expect(errno == EMFILE)
        let start = LoopClock.now
        let accepting = Task { try await listener.accept() }
        // If it tried again and again without a pause, time would stand still for ever here.
        try await sleep(for: .seconds(1))
        for number in taken { close(number) }
        let server = try await accepting.value
        #expect(start.duration(to: .now) >= .seconds(1))
        #expect(start.duration(to: .now) <= .seconds(1) + .milliseconds(50))
        try await client.write([1])
        #expect(try await server.read(atMost: 10) == [1])
      }
    }
  }

  @Test func `connections are spread over the loops of a run, and served at once`() async throws {
    let loops = try await onLoops(2) {
      let listener = try TCPListener(port: 0)
      let seen = Journal<ObjectIdentifier>()
      let serving = Task {
        try await listener.serve { stream in
          if let loop = EventLoop.current { seen.note(ObjectIdentifier(loop)) }
          try await stream.echo()
        }
      }
      for number in 0..<20 as Range<UInt8> {
        let client = try await TCPStream.connect(to: listener.localAddress)
        try await client.write([number])
        #expect(try await client.read(atMost: 10) == [number])
        client.close()
      }
      await listener.shutdown(grace: .seconds(10))
      try await serving.value
      return seen.entries
    }
    #expect(loops.count == 20)
    #expect(Set(loops).count == 2)
  }

  @Test func `several listeners share a port where all of them say so`() throws {
    let one = try TCPListener(port: 0, sharesPort: true)
    let other = try TCPListener(port: one.localAddress.port, sharesPort: true)
    #expect(one.localAddress == other.localAddress)
    let error = #expect(throws: IOError.self) { try TCPListener(port: one.localAddress.port) }
    #expect(error?.errno == EADDRINUSE)
  }

  @Test func `a socket that somebody else has made can be adopted`() async throws {
    let reserved = try ReservedPort()
    let listener = try TCPListener(adopting: dup(reserved.descriptor))
    #expect(listener.localAddress.port == reserved.number)
    let client = try await TCPStream.connect(to: listener.localAddress)
    let server = try await listener.accept()
    try await client.write([1])
    #expect(try await server.read(atMost: 10) == [1])
    let error = #expect(throws: IOError.self) { try TCPListener(adopting: -1) }
    #expect(error?.errno == EBADF)
  }
}
