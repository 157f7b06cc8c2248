// Row 3 of the article: the event loop itself, from synchronous code.

import AsyncIO

let runner = try Runner()
defer { runner.close() }

let greeting = try runner.run { "hello" }  // as often as needed, on one loop

runner.loop.callLater(.milliseconds(20)) { print("20 ms later") }
let cancelled = runner.loop.callLater(.milliseconds(10)) { print("never") }
runner.loop.callSoon { print(greeting, "from the loop") }
cancelled.cancel()

try runner.run { try await sleep(for: .milliseconds(50)) }
