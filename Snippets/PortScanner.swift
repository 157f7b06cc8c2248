// Which of some ports are open: a hundred attempts at a time, each with a second to answer.

import AsyncIO

// Loopback, where nobody else listens. From 127.0.0.1 to itself an attempt may even meet itself: both ends of it at one port.
let host = "127.7.7.7"

func isOpen(_ port: Int) async throws -> Bool {
  do {
    let address = try SocketAddress(ip: host, port: port)
    try await withTimeout(.seconds(1)) { try await TCPStream.connect(to: address) }.close()
    return true
  } catch is IOError, is TimeoutError {
    return false
  }
}

try EventLoop.run {
  // Something to find.
  let listener = try TCPListener(host: host, port: 0)
  let ports = Array(listener.localAddress.port - 200...min(listener.localAddress.port + 200, 65_535))

  let open = try await gather(ports, limit: 100) { try await isOpen($0) }
  for (port, isOpen) in zip(ports, open) where isOpen {
    print("open:", port == listener.localAddress.port ? "ours" : "\(port)")
  }
  listener.close()
}
