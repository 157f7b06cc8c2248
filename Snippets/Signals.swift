// Signals as a sequence, where asyncio has callbacks: a server that reloads at SIGHUP and drains at SIGTERM.

import AsyncIO
import Glibc

@main struct Signals {
  static func main() throws {
    try EventLoop.run {
      let listener = try signals(SIGHUP, SIGTERM)
      kill(getpid(), SIGHUP)  // as an operator would
      for await signal in listener {
        guard signal == SIGHUP else { break }
        print("reloading")
        kill(getpid(), SIGTERM)
      }
      try await standardOutput.write("draining, then the end\n")
    }
  }
}
