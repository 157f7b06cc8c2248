// Events that a server sends as they come, over as many connections as it takes: the client tells which one it has had last.

import AsyncIO
import AsyncIOHTTP
import HTTPTypes

// Its characters are those of a name, so that there is one.
let lastEventID = HTTPField.Name("Last-Event-ID") ?? .from

try EventLoop.run {
  let server = try HTTPServer(port: 0) { request in
    let last = request[lastEventID].flatMap { Int($0) } ?? 0
    // The launch was at zero: there is nothing more to come.
    if last == 10 { return HTTPServerResponse(status: .noContent) }
    return .events(retry: .milliseconds(100)) { writer in
      for number in last + 1...10 {
        try await writer.send(event: "countdown", data: "\(10 - number)", id: "\(number)")
        // The connection is lost now and then; nothing else is.
        if number % 4 == 0 { return }
        try await sleep(for: .milliseconds(20))
      }
    }
  }
  let serving = createTask { try await server.serve() }

  try await withHTTPSession { session in
    let url = "http://127.0.0.1:\(server.localAddress.port)/countdown"
    var numbers: [String] = []
    for try await event in session.events(from: url) { numbers.append(event.data) }
    print(numbers.joined(separator: " "))
    precondition(numbers == (0...9).reversed().map(String.init))
  }
  server.close()
  try await serving.value
}
