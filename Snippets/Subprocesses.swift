// Row 17 of what asyncio is used for: child processes, run to their end or talked to.

import AsyncIO

@main struct Subprocesses {
  static func main() throws {
    try EventLoop.run {
      // Three seconds' work in one: each child is waited for without a thread.
      let results = try await gather(1...3) { try await Subprocess.run(.shell("sleep 1; echo child \($0)")) }
      for result in results { print(result.text, terminator: "") }

      let sorted = try await Subprocess.run("sort", "-r", input: .text("a\nc\nb\n"), timeout: .seconds(10))
        .checked()
      print(sorted.text.split(separator: "\n").joined(separator: " "))

      // Both ways, as long as it runs.
      try await withSubprocess("cat") { child in
        var answers = child.output.lines.makeAsyncIterator()
        for question in ["one", "two"] {
          try await child.input.write(question + "\n")
          print(try await answers.next() ?? "")
        }
      }

      do {
        _ = try await Subprocess.run("sleep", "60", timeout: .milliseconds(100))
      } catch let error as SubprocessError {
        print(error)  // it was ended, and nothing of it is left
      }
    }
  }
}
