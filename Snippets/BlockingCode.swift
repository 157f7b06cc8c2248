// Row 15 of the article: blocking code on another thread, while the loop goes on.

import AsyncIO

func slowSum(_ count: Int) -> Int { (0..<count).reduce(0) { $0 &+ $1 * $1 } }

try EventLoop.run {
  let ticker = createTask(name: "ticker") {
    while true {
      print("the loop is free")
      try await sleep(for: .milliseconds(5))
    }
  }
  print(try await withBlocking { slowSum(1_000_000) })
  ticker.cancel()
}
