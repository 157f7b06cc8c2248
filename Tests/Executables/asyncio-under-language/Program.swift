// The mode under the language, for tests: a program whose `main` is ours, with a command for each thing to be shown.
//
// The test runner's `main` is not ours, so that tests build this program, run it, and look at what it writes and how it
// ends.

import AsyncIORuntime
import Glibc

@main struct Program {
  static let commands: [String: @Sendable () throws -> Void] = [
    "places": places, "thread-count": threadCount, "two-threads": twoThreads,
    "value": value, "error": error, "twice": twice, "nested": nested, "blocking-on-loop": blockingOnLoop,
    "waits": waits, "waits-in-runner": waitsInRunner, "spins": spins, "survives": survives,
    "ignores-cancellation": ignoresCancellation, "blocks": blocks,
    "leftovers": leftovers, "stubborn": stubborn, "stuck-call": stuckCall, "stuck-task": stuckTask,
    "blocks-for-long": blocksForLong, "without-run": withoutRun, "memory": memory,
  ]

  static func main() {
    // Whatever goes wrong, this program does not outlive its test for long.
    alarm(60)
    guard CommandLine.arguments.count == 2, let command = commands[CommandLine.arguments[1]] else {
      say("usage: asyncio-under-language \(commands.keys.sorted().joined(separator: "|"))")
      exit(64)
    }
    do {
      try command()
    } catch let error as EventLoopError {
      say("\(error.code)")
      exit(3)
    } catch {
      say("\(error)")
      exit(2)
    }
  }
}

/// Writes a line to standard output at once.
func say(_ line: String) {
  var text = line + "\n"
  text.withUTF8 { bytes in _ = unsafe write(STDOUT_FILENO, bytes.baseAddress, bytes.count) }
}
