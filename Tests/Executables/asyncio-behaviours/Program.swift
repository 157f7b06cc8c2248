// All behaviours under the language: on one loop, or on two.

import AsyncIOBehaviours
import AsyncIORuntime
import Glibc

@main struct Program {
  static func main() throws {
    // Whatever goes wrong, this program does not outlive its test for long.
    alarm(60)
    let failures = try EventLoop.run(threads: CommandLine.arguments.dropFirst().first == "two-loops" ? 2 : 1)
    {
      guard let loop = EventLoop.current else { return ["there is no loop"] }
      let failures = await Behaviour.runAll()
      return failures + (loop.timerCount == 0 ? [] : ["\(loop.timerCount) timers are left"])
    }
    for failure in failures { print(failure) }
    exit(failures.isEmpty ? 0 : 1)
  }
}
