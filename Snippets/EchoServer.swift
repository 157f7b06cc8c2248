// A server that gives back what it gets, a client that talks to it line by line, and an end in order.

import AsyncIO

try EventLoop.run {
  let listener = try TCPListener(port: 0)
  let serving = createTask {
    try await listener.serve(limit: 1000) { connection in
      while case let bytes = try await connection.read(atMost: 65_536), !bytes.isEmpty {
        try await connection.write(bytes)
      }
    }
  }

  let client = try await TCPStream.connect(
    host: "localhost", port: listener.localAddress.port, timeout: .seconds(5))
  let reader = BufferedReader(client, maximum: 1024)
  for word in ["one", "two", "three"] {
    try await client.write(word + "\n")
    print(try await reader.readLine() ?? "the end")
  }
  client.close()

  // Stops accepting, waits for the handlers, cancels those that are left after ten seconds.
  await listener.shutdown(grace: .seconds(10))
  try await serving.value
}
