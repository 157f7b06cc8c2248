import AsyncIOCoordination
import AsyncIOPostgres
import AsyncIOTesting
import Testing

@Suite(.postgres, .realTime, .closesDescriptors) struct NotificationTests {
  @Test func `what is sent comes, in order`() async throws {
    try await withConnection { sender in
      try await withConnection { listener in
        let ready = AsyncEvent()
        let task = createTask {
          var heard: [String] = []
          for try await one in listener.notifications("first", "Second one", onListening: { ready.set() }) {
            heard.append("\(one.channel): \(one.payload)")
            if heard.count == 4 { break }
          }
          return heard
        }
        try await ready.wait()
        try await sender.notify("first", "a")
        try await sender.notify("Second one", "it's")
        try await sender.notify("other", "lost")
        try await sender.withTransaction {
          try await sender.notify("first")
          try await sender.notify("first", "日本")
        }
        #expect(try await task.value == ["first: a", "Second one: it's", "first: ", "first: 日本"])
        // It listens no more, and can be used again.
        let heard = try await listener.query("SELECT pg_listening_channels()")
        #expect(heard.isEmpty)
      }
    }
  }

  @Test func `cancelled while it waits, and asked again`() async throws {
    try await withConnection { sender in
      try await withConnection { listener in
        var iterator = listener.notifications("again").makeAsyncIterator()
        #expect(try await withTimeoutOrNil(.milliseconds(20)) { try await iterator.next() } == nil)
        try await sender.notify("again", "x")
        #expect(try await iterator.next()?.payload == "x")
      }
    }
  }

  @Test func `the server goes while somebody listens`() async throws {
    try await withConnection { sender in
      let listener = try await Server.connect()
      let process = try await listener.processIdentifier()
      let ready = AsyncEvent()
      let task = createTask {
        for try await _ in listener.notifications("x", onListening: { ready.set() }) {}
      }
      try await ready.wait()
      try await sender.execute("SELECT pg_terminate_backend(\(process)::int)")
      let failure = try await error { try await task.value }
      #expect(failure.code == .connectionLost && listener.isClosed)
      await listener.close()
    }
  }
}
