// Row 12 of the article: producer and consumer.

import AsyncIO

try EventLoop.run {
  let queue = AsyncQueue<Int>(capacity: 5)
  let workers = (1...3).map { worker in
    createTask(name: "worker \(worker)") {
      var done = 0
      for await _ in queue {
        try await sleep(for: .milliseconds(10))
        done += 1
        queue.taskDone()
      }
      return done
    }
  }
  for item in 1...20 { try await queue.put(item) }  // waits while the queue is full
  try await queue.join()  // until every item has been dealt with
  queue.shutdown()  // ends the loops of the workers
  for worker in workers { print(worker.name ?? "", "has done", try await worker.value) }
}
