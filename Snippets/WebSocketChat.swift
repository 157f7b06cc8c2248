// A chat over WebSockets: what one says all others read. A client that does not read is dropped rather than waited for.

import AsyncIO
import AsyncIOHTTP

/// Who is there, and what is still to be said to each.
actor Room {
  private var queues: [Int: AsyncQueue<String>] = [:]
  private var last = 0

  func enter() -> (number: Int, queue: AsyncQueue<String>) {
    last += 1
    let queue = AsyncQueue<String>(capacity: 100)
    queues[last] = queue
    return (last, queue)
  }

  func leave(_ number: Int) { queues.removeValue(forKey: number)?.shutdown() }

  func say(_ text: String, from speaker: Int) {
    for (number, queue) in queues where number != speaker {
      if (try? queue.tryPut(text)) != true { leave(number) }
    }
  }
}

func chat(_ socket: WebSocket, in room: Room) async throws {
  let (number, queue) = await room.enter()
  try await withTaskScope { scope in
    scope.createTask {
      for await text in queue { try await socket.send(text) }
      // Too slow, or gone.
      await socket.close(code: .policyViolation, reason: "too slow")
    }
    try await socket.send("you are \(number)")
    for try await message in socket { await room.say("\(number): \(message.text ?? "…")", from: number) }
    await room.leave(number)
  }
}

try EventLoop.run {
  let room = Room()
  var configuration = WebSocketConfiguration()
  configuration.maximumMessageSize = 1000
  let server = try HTTPServer(port: 0) { [configuration] request in
    .webSocket(request, configuration: configuration) { try await chat($0, in: room) }
  }
  let serving = createTask { try await server.serve() }
  let url = "ws://127.0.0.1:\(server.localAddress.port)/chat"

  // Twenty clients: each says one thing when all are there, and reads what the nineteen others say.
  let count = 20
  let arrived = AsyncBarrier(parties: count)
  try await withHTTPSession { session in
    let heard = try await gather(Array(1...count)) { _ in
      try await session.webSocket(url) { socket in
        let greeting = try await socket.receive()
        try await arrived.wait()
        try await socket.send("hello from a client")
        var lines = Set<String>()
        while lines.count < count - 1 { lines.insert(try await socket.receive().text ?? "") }
        precondition(greeting.text?.hasPrefix("you are ") == true)
        return lines.count
      }
    }
    print("\(count) clients have heard \(heard.reduce(0, +)) lines")
  }
  server.close()
  try await serving.value
}
