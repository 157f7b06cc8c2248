// A chat: what one says all others read. A client that does not read is dropped rather than waited for.

import AsyncIO

/// Who is there, and what is still to be said to each.
actor Room {
  private var queues: [ObjectIdentifier: AsyncQueue<String>] = [:]

  func enter(_ stream: TCPStream) -> AsyncQueue<String> {
    let queue = AsyncQueue<String>(capacity: 100)
    queues[ObjectIdentifier(stream)] = queue
    return queue
  }

  func leave(_ stream: TCPStream) { queues.removeValue(forKey: ObjectIdentifier(stream))?.shutdown() }

  func say(_ line: String, from speaker: TCPStream) {
    for (id, queue) in queues where id != ObjectIdentifier(speaker) {
      if (try? queue.tryPut(line)) != true { queues.removeValue(forKey: id)?.shutdown() }
    }
  }
}

func chat(_ stream: TCPStream, in room: Room) async throws {
  let queue = await room.enter(stream)
  try await withTaskScope { scope in
    scope.createTask {
      for await line in queue { try await stream.write(line + "\n") }
      // Too slow, or gone.
      stream.close()
    }
    for try await line in BufferedReader(stream, maximum: 1000).lines { await room.say(line, from: stream) }
    await room.leave(stream)
  }
}

try EventLoop.run {
  let room = Room()
  let listener = try TCPListener(port: 0)
  let serving = createTask { try await listener.serve(limit: 500) { try await chat($0, in: room) } }

  let ada = try await TCPStream.connect(to: listener.localAddress)
  let bob = try await TCPStream.connect(to: listener.localAddress)
  let heard = BufferedReader(bob)
  // Bob is in the room as soon as his own line has been taken.
  try await bob.write("hello\n")
  try await sleep(for: .milliseconds(50))
  try await ada.write("hello, Bob\nhow are you?\n")
  print(try await heard.readLine() ?? "the end")
  print(try await heard.readLine() ?? "the end")
  ada.close()
  bob.close()
  await listener.shutdown(grace: .seconds(5))
  try await serving.value
}
