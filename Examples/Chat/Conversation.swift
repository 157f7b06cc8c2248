import AsyncIO

/// How long a member may be silent, and how long a line may be.
struct ChatLimits: Sendable {
  var silence = Duration.seconds(600)
  var lineLength = 1000
}

/// Talks with one client, over any stream, until one of the two has enough.
func converse(over stream: some ByteStream, in room: ChatRoom, limits: ChatLimits = ChatLimits()) async throws
{
  let reader = BufferedReader(stream, maximum: limits.lineLength)
  try await stream.write("Your name? ")
  guard let name = try await withTimeout(.seconds(60), { try await reader.readLine() }), !name.isEmpty else {
    return
  }
  guard let queue = await room.enter(name, drop: { stream.abort() }) else {
    try await stream.write("\(name) is here already.\n")
    return
  }
  try await withResource(acquire: { name }, release: { await room.leave($0) }) { name in
    try await stream.write("Welcome, \(name). Here are: \(await room.members.joined(separator: ", "))\n")
    try await withTaskScope { scope in
      scope.createTask(name: "to \(name)") {
        for await line in queue { try await stream.write(line + "\n") }
      }
      while let line = try await withTimeout(limits.silence, { try await reader.readLine() }), line != "/quit"
      {
        await room.say("\(name): \(line)", from: name)
      }
      scope.cancel(reason: "\(name) has left")
    }
  }
}
