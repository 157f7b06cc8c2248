// All behaviours and some storms in a program that knows nothing of loops: its main is async, and its tasks are the language's
// own.

import AsyncIOBehaviours
import AsyncIORuntime
import Glibc

@main struct Program {
  static func main() async {
    // Whatever goes wrong, this program does not outlive its test for long.
    alarm(60)
    var failures = await Behaviour.runAll() + Storm.runAll(seeds: 1...200)
    if EventLoop.current != nil { failures.append("there is a loop") }
    failures += await Behaviour.remainingTasks().map { "\($0) is left" }
    for failure in failures { print(failure) }
    exit(failures.isEmpty ? 0 : 1)
  }
}
