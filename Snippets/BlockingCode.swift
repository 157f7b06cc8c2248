// Row 15 of the article: blocking code on another thread, while the loop goes on; and back from that thread into the loop.

import AsyncIO
import Glibc

func slowQuery(_ number: Int) -> Int {
  usleep(20_000)
  return number * number
}

try EventLoop.run {
  let ticker = createTask(name: "ticker") {
    while true {
      print("the loop is free")
      try await sleep(for: .milliseconds(10))
    }
  }
  print(try await withBlocking { slowQuery(7) })

  // The thread hands each row to the loop, and waits if the queue is full.
  let rows = AsyncQueue<Int>(capacity: 2)
  let producer = createTask(name: "producer") {
    try await withBlocking {
      for number in 1...3 {
        let row = slowQuery(number)
        try EventLoop.runBlocking { try await rows.put(row) }
      }
    }
    rows.shutdown()
  }
  for await row in rows { print("row", row) }
  try await producer.value

  // A call that does not come back in time is left to itself.
  do {
    try await withTimeout(.milliseconds(10)) {
      try await withBlocking(onCancel: .abandon) { _ = slowQuery(8) }
    }
  } catch is TimeoutError {
    print("timed out")
  }
  ticker.cancel()
}
