// A chat: what one says all others read. A client that does not read is dropped rather than waited for.

import AsyncIO

/// Who is there, and what is still to be said to each.
actor Room {
  private var members: [ObjectIdentifier: (stream: TCPStream, queue: AsyncQueue<String>)] = [:]

  func enter(_ stream: TCPStream) -> AsyncQueue<String> {
    let queue = AsyncQueue<String>(capacity: 100)
    members[ObjectIdentifier(stream)] = (stream, queue)
    return queue
  }

  func leave(_ stream: TCPStream) { members.removeValue(forKey: ObjectIdentifier(stream)) }

  func say(_ line: String, from speaker: TCPStream) {
    for (id, member) in members where id != ObjectIdentifier(speaker) {
      // Full, so too slow: that ends a write that waits for it, too.
      if (try? member.queue.tryPut(line)) != true { member.stream.abort() }
    }
  }
}

func chat(_ stream: TCPStream, in room: Room) async throws {
  try await withResource(acquire: { await room.enter(stream) }, release: { _ in await room.leave(stream) }) {
    queue in
    try await withTaskScope { scope in
      scope.createTask { for await line in queue { try await stream.write(line + "\n") } }
      for try await line in BufferedReader(stream, maximum: 1000).lines {
        await room.say(line, from: stream)
      }
      scope.cancel(reason: "gone")
    }
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
