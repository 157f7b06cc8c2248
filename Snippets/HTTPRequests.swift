// Row 8 of the article: one session, values in JSON, streams. The server is here too, so that no network is needed.

import AsyncIO
import AsyncIOHTTP

struct User: Codable, Sendable {
  var name: String
}

try EventLoop.run {
  let server = try HTTPServer(port: 0) { request in
    if request.path == "/big" {
      return HTTPServerResponse(length: 1_000_000) { writer in
        for _ in 0..<10 { try await writer.write([UInt8](repeating: 0, count: 100_000)) }
      }
    }
    return HTTPServerResponse(fields: [.contentType: "application/json"], body: request.body)
  }
  let serving = createTask(name: "server") { try await server.serve() }

  var configuration = HTTPSession.Configuration()
  configuration.baseURL = try HTTPURL("http://\(server.localAddress)")
  try await withHTTPSession(configuration) { session in
    // Many at once, ten at a time, in the order of the names.
    let users = try await gather(["Ada", "Grace", "Barbara"], limit: 10) { name in
      try await session.post("/users", json: User(name: name), timeout: .seconds(5)).raiseForStatus().json(
        User.self)
    }
    print(users.map(\.name))

    // A download that is read as it comes, with its progress.
    try await session.stream(.get, "/big") { response in
      try response.raiseForStatus()
      var received = 0
      for try await piece in response.body {
        received += piece.count
        print("\(received * 100 / (response.length ?? received)) %", terminator: " ")
      }
      print()
    }

    // An upload that is written as it becomes known.
    let answer = try await session.put(
      "/notes",
      body: .stream { writer in
        for number in 1...3 { try await writer.write("line \(number)\n") }
      })
    print(answer.text)
  }
  serving.cancel()
}
