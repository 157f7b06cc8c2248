// Row 2 of the article: start the program. Ctrl-C cancels it; what is left is cancelled, awaited and reported.

import AsyncIO

try EventLoop.run {
  print("hello")
  try await sleep(for: .milliseconds(100))
  print("world")
}
