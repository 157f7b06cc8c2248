import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

@Suite(.realTime, .closesDescriptors) struct UDPSocketTests {
  @Test func `datagrams keep their bounds, and say who has sent them`() async throws {
    let (one, other) = (try UDPSocket(), try UDPSocket())
    for size in [0, 1, 1000, 65_507] {
      try await one.send(pattern(size), to: other.localAddress)
      let datagram = try await other.receive()
      #expect(datagram.bytes == pattern(size))
      #expect(datagram.address == (try one.localAddress))
      #expect(!datagram.isTruncated)
    }
  }

  @Test(.enabled(if: Self.hasIPv6, "this machine has no ::1"))
  func `datagrams over IPv6`() async throws {
    let (one, other) = (try UDPSocket(host: "::1"), try UDPSocket(host: "::1"))
    try await one.send(pattern(1000), to: other.localAddress)
    let datagram = try await other.receive()
    #expect(datagram.bytes == pattern(1000))
    #expect(datagram.address == (try one.localAddress))
    #expect(datagram.address.ip == "::1")
    let client = try await UDPSocket.connect(host: "::1", port: other.localAddress.port)
    try await client.send([1])
    try await other.send([2], to: other.receive().address)
    #expect(try await client.receive().bytes == [2])
  }

  private static let hasIPv6 = (try? TCPListener(host: "::1", port: 0)) != nil

  @Test func `a receiver waits for the first datagram`() async throws {
    let (one, other) = (try UDPSocket(), try UDPSocket())
    let receiving = Task { try await other.receive() }
    await settle()
    try await one.send([7], to: other.localAddress)
    #expect(try await receiving.value.bytes == [7])
  }

  @Test func `a connected socket hears and reaches its peer only`() async throws {
    let server = try UDPSocket()
    let client = try await UDPSocket.connect(host: "127.0.0.1", port: server.localAddress.port)
    #expect(try client.remoteAddress == server.localAddress)
    try await client.send([1])
    let question = try await server.receive()
    let stranger = try UDPSocket()
    try await stranger.send([9], to: client.localAddress)
    try await server.send([2], to: question.address)
    #expect(try await client.receive().bytes == [2])
    let error = await #expect(throws: IOError.self) { try await server.send([1]) }
    #expect(error?.errno == EDESTADDRREQ)
  }

  @Test func `where nobody listens, a later call says so`() async throws {
    let port = try UDPSocket().localAddress
    let client = try UDPSocket.connect(to: port)
    try await client.send([1])
    let error = await #expect(throws: IOError.self) { try await client.receive() }
    #expect(error?.errno == ECONNREFUSED)
    let server = try UDPSocket(port: port.port)
    try await client.send([2])
    #expect(try await server.receive().bytes == [2])
  }

  @Test func `what is longer than the room is cut, and the next one is whole`() async throws {
    let (one, other) = (try UDPSocket(), try UDPSocket())
    try await one.send([1, 2, 3, 4], to: other.localAddress)
    try await one.send([5], to: other.localAddress)
    let first = try await other.receive(atMost: 2)
    #expect(first.bytes == [1, 2] && first.isTruncated)
    let second = try await other.receive(atMost: 2)
    #expect(second.bytes == [5] && !second.isTruncated)
  }

  @Test func `what the system cannot send is an error`() async throws {
    let socket = try UDPSocket()
    let error = await #expect(throws: IOError.self) {
      try await socket.send(pattern(65_508), to: socket.localAddress)
    }
    #expect(error?.errno == EMSGSIZE)
    let taken = #expect(throws: IOError.self) { try UDPSocket(port: socket.localAddress.port) }
    #expect(taken?.errno == EADDRINUSE)
  }

  @Test func `batches, larger than one call takes`() async throws {
    let (one, other) = (try UDPSocket(), try UDPSocket())
    let to = try other.localAddress
    var sent = 0
    try await one.send((0..<150).map { Datagram(pattern($0), to: to) }, progress: &sent)
    #expect(sent == 150)
    var batch = DatagramBatch(capacity: 40, size: 100)
    var received: [Datagram] = []
    while received.count < 150 {
      try await other.receive(into: &batch)
      #expect((1...40).contains(batch.count))
      for index in 0..<batch.count { received.append(batch[index]) }
    }
    for (size, datagram) in received.enumerated() {
      #expect(datagram.bytes == pattern(min(size, 100)))
      #expect(datagram.isTruncated == (size > 100))
      #expect(datagram.address == (try one.localAddress))
    }
    let client = try UDPSocket.connect(to: to)
    try await client.send([Datagram([1], to: to), Datagram([2], to: to)])
    #expect(try await [other.receive().bytes, other.receive().bytes] == [[1], [2]])
  }

  @Test func `a loop over datagrams ends with the socket`() async throws {
    let (one, other) = (try UDPSocket(), try UDPSocket())
    let looping = Task {
      var all: [[UInt8]] = []
      for try await datagram in other { all.append(datagram.bytes) }
      return all
    }
    try await one.send([1], to: other.localAddress)
    try await one.send([2], to: other.localAddress)
    await settle()
    other.close()
    other.close()
    #expect(try await looping.value == [[1], [2]])
    await #expect(throws: IOError(.closed, operation: "receive")) { try await other.receive() }
    await #expect(throws: IOError(.closed, operation: "send")) {
      try await other.send([1], to: one.localAddress)
    }
  }

  @Test func `a wait that was cancelled has taken nothing`() async throws {
    let (one, other) = (try UDPSocket(), try UDPSocket())
    let receiving = Task { try await other.receive() }
    await settle()
    receiving.cancel()
    await #expect(throws: CancellationError.self) { try await receiving.value }
    try await one.send([1], to: other.localAddress)
    #expect(try await other.receive().bytes == [1])
  }
}
