// Row 5 of the article: start now, await later.

import AsyncIO

try EventLoop.run {
  let answer = createTask(name: "thinker") {
    try await sleep(for: .milliseconds(100))
    return 42
  }
  print("the task is running:", !answer.isDone)
  print("the answer is", try await answer.value)
}
