// What a hundred thousand sleepers leave behind.

import AsyncIORuntime
internal import CAsyncIO

/// Says how many kilobytes are in use after a hundred thousand timers and sleepers were cancelled, beyond those before.
func memory() throws {
  // In a debug build this holds the loop for long, and the tables for a report take megabytes.
  try EventLoop.run(watchdog: nil) {
    guard let loop = EventLoop.current else { return say("no loop") }
    // Whatever is made once is made now.
    setAndCancel(on: loop, 10)
    await sleepAndCancel(10)
    let before = Int(casyncio_heap_in_use())
    setAndCancel(on: loop, 100_000)
    say("timers \(loop.timerCount), kilobytes \((Int(casyncio_heap_in_use()) - before) / 1024)")
    await sleepAndCancel(100_000)
    say("timers \(loop.timerCount), kilobytes \((Int(casyncio_heap_in_use()) - before) / 1024)")
  }
}

private func setAndCancel(on loop: EventLoop, _ count: Int) {
  let callbacks = (0..<count).map { loop.callLater(.seconds(1000 + $0 % 100)) {} }
  for callback in callbacks { callback.cancel() }
}

private func sleepAndCancel(_ count: Int) async {
  let tasks = (0..<count).map { number in Task { try await sleep(for: .seconds(1000 + number % 100)) } }
  await Task.yield()
  for task in tasks { task.cancel() }
  for task in tasks { _ = await task.result }
  // The loop gives its own memory back when it has nothing to do.
  try? await sleep(for: .milliseconds(1))
}
