// Row 13 of the article: do not block the loop. The first half blocks it, and the watchdog says where; the second does not.

import AsyncIO
import Glibc

func slowCall() { usleep(300_000) }

try EventLoop.run(watchdog: Watchdog()) {
  let ticker = createTask(name: "ticker") {
    while true {
      print("tick")
      try await sleep(for: .milliseconds(100))
    }
  }
  try await sleep(for: .milliseconds(10))
  print("bad: nobody else runs")
  slowCall()
  print("good: the ticker goes on")
  try await withBlocking { slowCall() }
  ticker.cancel()
}
