import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.realTime, .closesDescriptors) struct ResolverTests {
  @Test(arguments: ["127.0.0.1", "::1", "203.0.113.7"])
  func `a numeric address is itself, without asking`(_ ip: String) async throws {
    let others = Journal<Void>()
    Task { others.note(()) }
    let addresses = try await resolve(ip, port: 80)
    #expect(try addresses == [SocketAddress(ip: ip, port: 80)])
    #expect(others.count == 0, "it has not given way")
  }

  @Test func `the name of this machine has a loopback address, with the port`() async throws {
    let addresses = try await resolve("localhost", port: 8080)
    #expect(!addresses.isEmpty)
    for address in addresses {
      #expect(address.ip.hasPrefix("127.") || address.ip == "::1")
      #expect(address.port == 8080)
    }
  }

  @Test(arguments: ["", "a..b", "no such host"])
  func `a name without an address is named in the error`(_ name: String) async {
    let error = await #expect(throws: IOError.self) { try await resolve(name, port: 80) }
    #expect(error?.code == .unresolved)
    #expect(error?.description == "resolve \(name): Name or service not known")
  }

  @Test func `a name with a null character is refused`() async {
    let error = await #expect(throws: IOError.self) { try await resolve("localhost\0.example", port: 80) }
    #expect(error?.code == .invalid)
    #expect(error?.description == #"resolve "localhost\0.example" contains a null character"#)
  }

  @Test(arguments: ["localhost", "127.0.0.1"], [-1, 65_536])
  func `a port out of range is refused`(_ host: String, _ port: Int) async {
    let error = await #expect(throws: IOError.self) { try await resolve(host, port: port) }
    #expect(error?.code == .invalid)
    #expect(error?.description == "resolve \(host): port \(port) is not within 0 to 65535")
  }

  @Test func `cancelled, a name is not looked up`() async {
    let task = Task { try await resolve("localhost", port: 80) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func `the loop goes on while many names are looked up`() async throws {
    let others = Journal<Void>()
    let ticker = Task {
      while !Task.isCancelled {
        others.note(())
        await Task.yield()
      }
    }
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<20 { group.addTask { try await resolve("localhost", port: 80).count } }
      for try await count in group { #expect(count > 0) }
    }
    ticker.cancel()
    #expect(others.count > 0)
  }
}
