import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

@Suite(.realTime, .closesDescriptors) struct TCPListenerTests {
  @Test func `the system chooses a port for 0`() async throws {
    let (one, other) = (try TCPListener(port: 0), try TCPListener(port: 0))
    #expect(one.localAddress.ip == "127.0.0.1")
    #expect(one.localAddress.port > 0)
    #expect(one.localAddress.port != other.localAddress.port)
  }

  @Test func `a port that is in use is named`() async throws {
    let listener = try TCPListener(port: 0)
    let error = #expect(throws: IOError.self) { try TCPListener(port: listener.localAddress.port) }
    #expect(error?.errno == EADDRINUSE)
    #expect(error?.description == "bind \(listener.localAddress): Address already in use")
  }

  @Test func `a port is free again as soon as its listener is closed`() async throws {
    let listener = try TCPListener(port: 0)
    let client = try await TCPStream.connect(to: listener.localAddress)
    let server = try await listener.accept()
    // The server's end closes first, and its port lingers in the system.
    server.close()
    #expect(try await client.read(atMost: 1).isEmpty)
    client.close()
    listener.close()
    let next = try TCPListener(port: listener.localAddress.port)
    #expect(next.localAddress == listener.localAddress)
  }

  @Test func `an address of another machine is refused`() async throws {
    let error = #expect(throws: IOError.self) { try TCPListener(host: "203.0.113.7", port: 0) }
    #expect(error?.errno == EADDRNOTAVAIL)
    #expect(error?.description == "bind 203.0.113.7:0: Cannot assign requested address")
  }

  @Test func `a name is refused`() async throws {
    let error = #expect(throws: IOError.self) { try TCPListener(host: "localhost", port: 0) }
    #expect(error?.code == .invalid)
  }

  @Test func `connections are accepted in their order`() async throws {
    let listener = try TCPListener(port: 0)
    var clients: [TCPStream] = []
    for _ in 0..<10 { clients.append(try await TCPStream.connect(to: listener.localAddress)) }
    for client in clients {
      let server = try await listener.accept()
      #expect(try server.remoteAddress == client.localAddress)
    }
  }

  @Test func `accept waits for a connection`() async throws {
    let listener = try TCPListener(port: 0)
    let accepting = Task { try await listener.accept() }
    await settle()
    let client = try await TCPStream.connect(to: listener.localAddress)
    #expect(try await accepting.value.remoteAddress == client.localAddress)
  }

  @Test func `an accept that was cancelled can be repeated, and no connection is lost`() async throws {
    let listener = try TCPListener(port: 0)
    for number in 0..<20 {
      let accepting = Task { try await listener.accept() }
      if number % 3 > 0 { await settle() }
      accepting.cancel()
      await #expect(throws: CancellationError.self) { try await accepting.value }
      let client = try await TCPStream.connect(to: listener.localAddress)
      #expect(try await listener.accept().remoteAddress == client.localAddress)
    }
  }

  @Test func `two that accept are one too many`() async throws {
    let listener = try TCPListener(port: 0)
    let first = Task { try await listener.accept() }
    await settle()
    await #expect(throws: IOError(.busy, operation: "accept")) { try await listener.accept() }
    first.cancel()
    _ = await first.result
  }

  @Test func `closing wakes who accepts, and refuses connections`() async throws {
    let listener = try TCPListener(port: 0)
    let accepting = Task { try await listener.accept() }
    await settle()
    listener.close()
    listener.close()
    await #expect(throws: IOError(.closed, operation: "accept")) { try await accepting.value }
    await #expect(throws: IOError(.closed, operation: "accept")) { try await listener.accept() }
    let error = await #expect(throws: IOError.self) {
      try await TCPStream.connect(to: listener.localAddress)
    }
    #expect(error?.errno == ECONNREFUSED)
  }

  @Test func `a loop over connections ends when the listener is closed`() async throws {
    let listener = try TCPListener(port: 0)
    let ports = Journal<Int>()
    let loop = Task {
      for try await connection in listener { ports.note(try connection.remoteAddress.port) }
    }
    let clients = [
      try await TCPStream.connect(to: listener.localAddress),
      try await TCPStream.connect(to: listener.localAddress),
    ]
    await settle()
    listener.close()
    try await loop.value
    #expect(try ports.entries == clients.map { try $0.localAddress.port })
  }

  @Test func `a loop over connections is cancelled`() async throws {
    let listener = try TCPListener(port: 0)
    let loop = Task { for try await _ in listener {} }
    await settle()
    loop.cancel()
    await #expect(throws: CancellationError.self) { try await loop.value }
  }

  @Test func `without a descriptor left it waits, and accepts when there is one`() async {
    // In a process of its own, whose limit can be lowered.
    await #expect(processExitsWith: .success) {
      alarm(60)
      try await onVirtualLoop {
        let listener = try TCPListener(port: 0)
        let client = try await TCPStream.connect(to: listener.localAddress)
        var former = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &former)
        let free = dup(0)
        close(free)
        var lowered = former
        lowered.rlim_cur = rlim_t(free)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &lowered)
        #expect(dup(0) == -1)
        let accepted = Journal<TCPStream>()
        let accepting = Task { accepted.note(try await listener.accept()) }
        try await sleep(for: .seconds(1))
        #expect(accepted.count == 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &former)
        try await accepting.value
        #expect(try accepted.entries.first?.remoteAddress == client.localAddress)
      }
    }
  }
}
