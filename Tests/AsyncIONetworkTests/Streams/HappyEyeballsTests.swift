import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

@testable import AsyncIONetwork

@Suite(.realTime, .closesDescriptors) struct HappyEyeballsTests {
  /// A listener that answers nobody, as its queue is full.
  private final class Deaf: Sendable {
    let listener: TCPListener
    private let tasks: [Task<TCPStream, any Error>]
    var address: SocketAddress { listener.localAddress }

    init() async throws {
      let listener = try TCPListener(port: 0, backlog: 0)
      self.listener = listener
      tasks = (0..<8).map { _ in Task { try await TCPStream.connect(to: listener.localAddress) } }
      await settle()
    }

    func end() async {
      for task in tasks { task.cancel() }
      for task in tasks { _ = await task.result }
      listener.close()
    }
  }

  @Test func `families take turns, the first one's first`() throws {
    func addresses(_ texts: [String]) throws -> [SocketAddress] {
      try texts.map { try SocketAddress(ip: $0, port: 1) }
    }
    let cases = [
      (["::1", "::2", "1.1.1.1", "1.1.1.2", "::3"], ["::1", "1.1.1.1", "::2", "1.1.1.2", "::3"]),
      (["1.1.1.1", "::1", "::2", "::3"], ["1.1.1.1", "::1", "::2", "::3"]),
      (["1.1.1.1", "1.1.1.2"], ["1.1.1.1", "1.1.1.2"]), ([], []),
    ]
    for (given, expected) in cases {
      #expect(TCPStream.inTurns(try addresses(given)) == (try addresses(expected)))
    }
  }

  @Test func `an address that does not answer costs a moment and no more`() async throws {
    let deaf = try await Deaf()
    let listener = try TCPListener(port: 0)
    let start = LoopClock.now
    let stream = try await TCPStream.connect(
      toAnyOf: [deaf.address, listener.localAddress], of: "two", attemptDelay: .milliseconds(30))
    #expect(try stream.remoteAddress == listener.localAddress)
    #expect(start.duration(to: .now) >= .milliseconds(30))
    await deaf.end()
  }

  @Test func `where time is over the error says what became of each address`() async throws {
    let deaf = try await Deaf()
    let port = try ReservedPort()
    let refused = try SocketAddress(ip: "127.0.0.1", port: port.number)
    let error = await #expect(throws: IOError.self) {
      try await TCPStream.connect(
        toAnyOf: [refused, deaf.address], of: "example.org:80", attemptDelay: .milliseconds(5),
        timeout: .milliseconds(60))
    }
    #expect(error?.errno == ETIMEDOUT)
    #expect(
      error?.description
        == "connect example.org:80 (connect \(refused): Connection refused; "
        + "connect \(deaf.address): no answer yet): Connection timed out")
    let each = await #expect(throws: IOError.self) {
      try await TCPStream.connect(
        toAnyOf: [deaf.address, refused], of: "example.org:80", attemptDelay: .milliseconds(5),
        attemptTimeout: .milliseconds(60))
    }
    #expect(
      each?.description
        == "connect example.org:80: connect \(deaf.address): Connection timed out; "
        + "connect \(refused): Connection refused")
    await deaf.end()
  }

  @Test func `cancelled, all attempts end`() async throws {
    let (one, other) = (try await Deaf(), try await Deaf())
    let task = Task {
      try await TCPStream.connect(
        toAnyOf: [one.address, other.address], of: "two", attemptDelay: .milliseconds(1))
    }
    try await sleep(for: .milliseconds(20))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    await one.end()
    await other.end()
  }

  @Test func `from an address of one's own`() async throws {
    let listener = try TCPListener(port: 0)
    let source = try SocketAddress(ip: "127.0.0.2", port: 0)
    let client = try await TCPStream.connect(
      host: "127.0.0.1", port: listener.localAddress.port, from: source)
    #expect(try client.localAddress.ip == "127.0.0.2")
    let taken = try client.localAddress
    let error = await #expect(throws: IOError.self) {
      try await TCPStream.connect(to: listener.localAddress, from: taken)
    }
    #expect([EADDRINUSE, EADDRNOTAVAIL].contains(error?.errno ?? 0))
    let other = await #expect(throws: IOError.self) {
      try await TCPStream.connect(
        host: "127.0.0.1", port: listener.localAddress.port, from: SocketAddress(ip: "::1", port: 0))
    }
    #expect(other?.code == .invalid)
  }
}
