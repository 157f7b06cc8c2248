import AsyncIO
import AsyncIOHTTP
import Hummingbird
import Logging

/// What both servers count in; an actor, on whatever thread it is asked.
actor Visits {
  private var count = 0

  func next() -> Int {
    count += 1
    return count
  }
}

/// Which thread runs a handler, to be seen in the answers.
func place() -> String { EventLoop.current == nil ? "another thread" : "the loop" }

/// Hummingbird's application: a router of its own, sockets on SwiftNIO's threads, handlers as tasks of the language.
func makeApplication(_ visits: Visits, port: Int) -> some ApplicationProtocol {
  let router = Router()
  router.get("/hello") { _, _ in
    // Waits on our loop, as does everything that tasks of the language wait for.
    try await AsyncIO.sleep(for: .milliseconds(10))
    return "Hello from Hummingbird, visitor \(await visits.next()), on \(place())\n"
  }
  var logger = Logger(label: "hummingbird")
  logger.logLevel = .warning
  return Application(
    router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)), logger: logger)
}

/// Our server, in the same program.
func makeServer(_ visits: Visits, port: Int) throws -> HTTPServer {
  var router = HTTPRouter()
  router.get("/hello") { _ in
    try await AsyncIO.sleep(for: .milliseconds(10))
    return HTTPServerResponse(text: "Hello from AsyncIO, visitor \(await visits.next()), on \(place())\n")
  }
  return try HTTPServer(port: port, router: router)
}

@main struct Main {
  static func main() throws {
    let ports = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    let (first, second) = (ports.first ?? 8080, ports.dropFirst().first ?? 8081)
    // Called first in a synchronous main, the loop is under the language: Hummingbird's tasks run on it too.
    try EventLoop.run {
      let visits = Visits()
      let server = try makeServer(visits, port: second)
      let application = makeApplication(visits, port: first)
      print("Hummingbird on http://127.0.0.1:\(first)/hello, AsyncIO on http://\(server.localAddress)/hello")
      try await withTaskScope { scope in
        scope.createTask(name: "hummingbird") { try await application.run() }
        scope.createTask(name: "asyncio") { try await server.serve() }
      }
    }
  }
}
