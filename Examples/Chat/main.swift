// A chat server over TCP: `Chat 7000`, and then `nc localhost 7000` for each who wants to talk.
// SIGTERM or Ctrl-C ends it in order: nobody is let in any more, and who is there has ten seconds.

import AsyncIO
import Glibc

let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 7000

try EventLoop.run {
  let room = ChatRoom()
  let listener = try TCPListener(port: port)
  let serving = createTask(name: "listener") {
    try await listener.serve(limit: 1000) { connection in
      do {
        try await converse(over: connection, in: room)
      } catch is TimeoutError {
        try await connection.write("You have fallen asleep.\n")
      } catch let error as IOError where error.code == .overLimit {
        try await connection.write("That is too long.\n")
      }
    }
  }
  try await standardOutput.write("listening on \(listener.localAddress)\n")

  for await signal in try signals(SIGTERM, SIGINT) {
    try await standardOutput.write("signal \(signal): the end\n")
    break
  }
  await room.say("* the server ends in ten seconds")
  await listener.shutdown(grace: .seconds(10))
  try await serving.value
}
