import AsyncIO
import AsyncIOTesting
import Testing

@testable import Chat

@Suite struct ChatTests {
  /// Runs `body` with a room and a way to connect to it.
  func withRoom(
    limits: ChatLimits = ChatLimits(),
    _ body:
      @escaping @Sendable (ChatRoom, @Sendable (String) async throws -> MemoryStream) async throws -> Void
  ) async throws {
    let room = ChatRoom()
    try await withSupervisorScope { scope in
      try await body(room) { name in
        let (client, server) = MemoryStream.pair(capacity: 4096)
        scope.createTask(name: name) {
          defer { server.close() }
          try? await converse(over: server, in: room, limits: limits)
        }
        try await client.write(name + "\n")
        return client
      }
      scope.cancel(reason: "the test has ended")
    }
  }

  @Test(.virtualTime) func `what one says the others read`() async throws {
    try await withRoom { room, connect in
      let ada = try await connect("ada")
      await settle()
      let bob = BufferedReader(try await connect("bob"))
      await settle()
      try await ada.write("hello, bob\n")
      #expect(try await bob.readLine() == "Your name? Welcome, bob. Here are: ada, bob")
      #expect(try await bob.readLine() == "ada: hello, bob")
      try await ada.write("/quit\n")
      #expect(try await bob.readLine() == "* ada has gone")
      #expect(await room.members == ["bob"])
    }
  }

  @Test(.virtualTime) func `a name is taken once`() async throws {
    try await withRoom { room, connect in
      let ada = try await connect("ada")
      await settle()
      let other = BufferedReader(try await connect("ada"))
      #expect(try await other.readLine() == "Your name? ada is here already.")
      #expect(try await other.readLine() == nil)
      #expect(await room.members == ["ada"])
      ada.close()
    }
  }

  @Test(.virtualTime) func `who does not read is dropped, and holds up nobody`() async throws {
    try await withRoom { room, connect in
      let ada = try await connect("ada")
      let sleepy = try await connect("sleepy")
      await settle()
      #expect(await room.members == ["ada", "sleepy"])
      let line = String(repeating: "x", count: 900) + "\n"
      for _ in 0..<200 { try await ada.write(line) }
      await settle()
      #expect(await room.members == ["ada"])
      sleepy.close()
    }
  }

  @Test(.virtualTime) func `who is silent falls asleep`() async throws {
    try await withRoom(limits: ChatLimits(silence: .seconds(600))) { room, connect in
      let ada = try await connect("ada")
      try await sleep(for: .seconds(599))
      #expect(await room.members == ["ada"])
      try await sleep(for: .seconds(2))
      #expect(await room.members.isEmpty)
      ada.close()
    }
  }
}
