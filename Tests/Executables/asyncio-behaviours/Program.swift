// All behaviours and some storms under the language: on one loop, or on two.

import AsyncIOBehaviours
import AsyncIORuntime
import Glibc

@main struct Program {
  static func main() throws {
    // Whatever goes wrong, this program does not outlive its test for long.
    alarm(60)
    let failures = try EventLoop.run(threads: CommandLine.arguments.dropFirst().first == "two-loops" ? 2 : 1)
    {
      var failures = await Behaviour.runAll() + Storm.runAll(seeds: 1...200)
      if await remainingTimers() > 0 { failures.append("timers are left") }
      failures += await Behaviour.remainingTasks().map { "\($0) is left" }
      return failures
    }
    for failure in failures { print(failure) }
    exit(failures.isEmpty ? 0 : 1)
  }
}

/// The timers of the loop that this runs on; those that were cancelled from another thread have a while to go.
private func remainingTimers() async -> Int {
  await Behaviour.giveWayUntil { EventLoop.current?.timerCount == 0 }
  return EventLoop.current?.timerCount ?? -1
}
