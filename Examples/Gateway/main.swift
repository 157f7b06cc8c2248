// A gateway in front of three services. Without arguments it starts them too, one of them bad, and asks itself some questions.
//   Gateway 8080 user=http://…/user posts=http://…/posts      serves on that port

import AsyncIO
import AsyncIOHTTP
import HTTPTypes

/// A service that answers each request after `delay`, by a text or by a failure.
func startService(_ name: String, delay: Duration, fails: Bool = false) throws -> (HTTPServer, String) {
  let server = try HTTPServer(port: 0) { _ in
    try await sleep(for: delay)
    return fails
      ? HTTPServerResponse(status: .serviceUnavailable) : HTTPServerResponse(text: "\(name) after \(delay)")
  }
  return (server, "http://\(server.localAddress)/")
}

func serve(port: Int, backends: [String: String]) async throws {
  var configuration = HTTPSession.Configuration()
  configuration.middleware = [.policy(Gateway.policy)]
  try await withHTTPSession(configuration) { session in
    let gateway = Gateway(session: session, backends: backends)
    let server = try HTTPServer(port: port) { try await gateway.answer($0) }
    print("listening on http://\(server.localAddress)/page")
    try await server.serve()
  }
}

func showYourself() async throws {
  let services = [
    "news": try startService("news", delay: .milliseconds(100)),
    "slow": try startService("slow", delay: .seconds(60)),
    "weather": try startService("weather", delay: .milliseconds(5), fails: true),
  ]
  try await withTaskScope { scope in
    for (name, service) in services { scope.createTask(name: name) { try await service.0.serve() } }
    var configuration = HTTPSession.Configuration()
    configuration.middleware = [.policy(Gateway.policy)]
    try await withHTTPSession(configuration) { session in
      let gateway = Gateway(session: session, backends: services.mapValues(\.1))
      configuration.middleware = [HTTPInProcessServer { try await gateway.answer($0) }]
      try await withHTTPSession(configuration) { client in
        for _ in 1...3 { print(try await client.get("http://gateway/page").text) }
      }
    }
    scope.cancel(reason: "enough")
  }
}

let arguments = CommandLine.arguments.dropFirst()
let backends = arguments.dropFirst().map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
try EventLoop.run {
  if let port = arguments.first.flatMap({ Int($0) }) {
    try await serve(port: port, backends: Dictionary(uniqueKeysWithValues: backends.map { ($0[0], $0[1]) }))
  } else {
    try await showYourself()
  }
}
