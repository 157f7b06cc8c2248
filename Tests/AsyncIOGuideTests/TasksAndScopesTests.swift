import AsyncIO
import AsyncIOTesting
import Synchronization
import Testing

/// The code of the guide's page on tasks and scopes.
@Suite struct TasksAndScopesTests {
  func doSomethingElse() {}

  @Test(.virtualTime) func `a task of the runtime`() async throws {
    let task = createTask(name: "page a") { try await fetch("a") }
    doSomethingElse()
    let page = try await task.value
    #expect(page == "page a")
  }

  @Test(.virtualTime) func `a scope owns its tasks`() async throws {
    try await withTaskScope { scope in
      let first = scope.createTask { try await fetch("a") }
      let second = scope.createTask { try await fetch("b") }
      print(try await first.value, try await second.value)
    }
  }

  @Test(.virtualTime) func `a scope may be handed on`() async throws {
    let visited = Mutex<[String]>([])
    let links = ["/": ["/a", "/b"], "/a": ["/c"]]

    @Sendable func visit(_ path: String, in scope: TaskScope) async throws {
      _ = try await fetch(path)
      visited.withLock { $0.append(path) }
      for link in links[path] ?? [] { scope.createTask { try await visit(link, in: scope) } }
    }
    try await withTaskScope { scope in try await visit("/", in: scope) }
    #expect(visited.withLock { $0.count } == 4)
  }

  @Test(.virtualTime) func `a supervisor keeps siblings apart`() async throws {
    try await withSupervisorScope { scope in
      let failing = scope.createTask { throw Unavailable() }
      let fine = scope.createTask { try await fetch("a") }
      await #expect(throws: Unavailable.self) { try await failing.value }
      let page = try await fine.value  // goes on
      #expect(page == "page a")
    }
  }

  @Test(.virtualTime) func `a child says that it is ready`() async throws {
    try await withTaskScope { scope in
      let port = try await scope.start { ready in
        let listener = try TCPListener(port: 0)
        ready(listener.localAddress.port)
        try await listener.serve { connection in try await connection.write("hello\n") }
      }
      #expect(port > 0)
      scope.cancel(reason: "enough")
    }
  }

  @Test(.virtualTime) func `one error is itself, several are a group`() async throws {
    do {
      try await withTaskScope { scope in
        scope.createTask { throw Unavailable() }
        scope.createTask { throw Unavailable() }
      }
    } catch let group as ErrorGroup {
      #expect(group.errors(of: Unavailable.self).count == 2)
    } catch is Unavailable {
      // The first error cancelled the second task before it had started.
    }
  }
}
