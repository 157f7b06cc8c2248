import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

@testable import AsyncIONetwork

@Suite(.realTime, .closesDescriptors) struct TCPStreamConnectTests {
  @Test(arguments: ["127.0.0.1", "localhost"])
  func `to a numeric address and to a name`(_ host: String) async throws {
    let listener = try TCPListener(port: 0)
    let client = try await TCPStream.connect(host: host, port: listener.localAddress.port)
    let server = try await listener.accept()
    try await client.write([1, 2, 3])
    #expect(try await server.read(atMost: 10) == [1, 2, 3])
  }

  @Test func `both ends know both addresses`() async throws {
    let listener = try TCPListener(port: 0)
    let client = try await TCPStream.connect(to: listener.localAddress)
    let server = try await listener.accept()
    let (local, remote) = (try client.localAddress, try client.remoteAddress)
    #expect(remote == listener.localAddress)
    #expect(local.ip == "127.0.0.1")
    #expect(try server.localAddress == remote)
    #expect(try server.remoteAddress == local)
    #expect(client.description == "TCPStream(\(local) → \(remote))")
    #expect(server.description == "TCPStream(\(remote) → \(local))")
  }

  @Test(.enabled("this machine has no IPv6 address") { (try? TCPListener(host: "::1", port: 0)) != nil })
  func `over IPv6`() async throws {
    let listener = try TCPListener(host: "::1", port: 0)
    #expect(listener.localAddress.description == "[::1]:\(listener.localAddress.port)")
    let client = try await TCPStream.connect(host: "::1", port: listener.localAddress.port)
    let server = try await listener.accept()
    #expect(try server.remoteAddress == client.localAddress)
    try await server.write([7])
    #expect(try await client.read(atMost: 10) == [7])
  }

  @Test func `a refusal names the address`() async throws {
    let port = try ReservedPort()
    for host in ["127.0.0.1", "localhost"] {
      let error = await #expect(throws: IOError.self) {
        try await TCPStream.connect(host: host, port: port.number)
      }
      #expect(error?.errno == ECONNREFUSED)
      #expect(error?.description == "connect 127.0.0.1:\(port.number): Connection refused")
    }
  }

  @Test func `where all addresses fail, the error says why of each`() async throws {
    let (one, other) = (try ReservedPort(), try ReservedPort("127.0.0.2"))
    let addresses = [
      try SocketAddress(ip: "127.0.0.1", port: one.number),
      try SocketAddress(ip: "127.0.0.2", port: other.number),
    ]
    let error = await #expect(throws: IOError.self) {
      try await TCPStream.connect(toAnyOf: addresses, of: "example.org:80")
    }
    #expect(
      error?.description
        == "connect example.org:80: connect 127.0.0.1:\(one.number): Connection refused; "
        + "connect 127.0.0.2:\(other.number): Connection refused")
  }

  @Test func `where one address fails, the next is tried`() async throws {
    let port = try ReservedPort()
    let listener = try TCPListener(port: 0)
    let addresses = [try SocketAddress(ip: "127.0.0.1", port: port.number), listener.localAddress]
    let client = try await TCPStream.connect(toAnyOf: addresses, of: "example.org:80")
    #expect(try client.remoteAddress == listener.localAddress)
  }

  @Test func `a name without an address is named`() async {
    let error = await #expect(throws: IOError.self) { try await TCPStream.connect(host: "a..b", port: 80) }
    #expect(error?.code == .unresolved)
    #expect(error?.description == "resolve a..b: Name or service not known")
  }

  @Test func `cancelled before, nothing is tried`() async throws {
    let listener = try TCPListener(port: 0)
    let task = Task { try await TCPStream.connect(to: listener.localAddress) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    let accepting = Task { try await listener.accept() }
    await settle()
    accepting.cancel()
    await #expect(throws: CancellationError.self) { try await accepting.value }
  }

  @Test func `cancelled while the peer does not answer, it ends at once`() async throws {
    // A listener whose queue is full answers nobody.
    let listener = try TCPListener(port: 0, backlog: 0)
    let waiting = (0..<8).map { _ in Task { try await TCPStream.connect(to: listener.localAddress) } }
    await settle()
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.milliseconds(20)) { try await TCPStream.connect(to: listener.localAddress) }
    }
    let last = Task { try await TCPStream.connect(to: listener.localAddress) }
    await settle()
    last.cancel()
    await #expect(throws: CancellationError.self) { try await last.value }
    for task in waiting { task.cancel() }
    for task in waiting { _ = await task.result }
  }
}
