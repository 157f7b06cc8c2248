// Row 18 of the article: many connections on one thread. Here it is 400, both ends of each, as a process may have 1024 descriptors
// as a rule; with `ulimit -n` raised it may be tens of thousands.

import AsyncIO

try EventLoop.run {
  let listener = try TCPListener(port: 0)
  let serving = createTask(name: "server") {
    try await listener.serve { connection in
      for try await line in connection.lines {
        try await sleep(for: .milliseconds(200))  // it has to ask somebody else
        try await connection.write("you said: \(line)\n")
      }
    }
  }

  let start = LoopClock.now
  let answers = try await gather(1...400) { number in
    let client = try await TCPStream.connect(to: listener.localAddress)
    defer { client.close() }
    try await client.write("hello from \(number)\n")
    return try await BufferedReader(client).readLine() ?? "the end"
  }
  print(answers.count, "answers in", start.duration(to: LoopClock.now))  // not 80 seconds
  print(answers[399])

  await listener.shutdown(grace: .seconds(5))
  try await serving.value
}
