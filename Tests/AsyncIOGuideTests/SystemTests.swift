import AsyncIO
import AsyncIOTesting
import Testing

/// The code of the guide's pages on files, child processes and signals.
@Suite struct SystemTests {
  @Test(.realTime) func files() async throws {
    try await withTemporaryDirectory { directory in
      let notes = directory.appending("notes.txt")
      try await FileSystem.write("one\ntwo\n", to: notes)
      var count = 0
      try await withFile(notes) { file in
        for try await line in file.lines {
          count += 1
          print(line)
        }
      }
      let text = try await FileSystem.readText(notes)
      #expect(count == 2)
      #expect(text == "one\ntwo\n")
    }
  }

  @Test(.realTime) func `a child that is run to its end`() async throws {
    let text = "b\na\n"
    let result = try await Subprocess.run("sort", input: .text(text), timeout: .seconds(10)).checked()
    print(result.text, result.status)
    #expect(result.text == "a\nb\n")
  }

  @Test(.realTime) func `a child that is talked to`() async throws {
    try await withSubprocess("cat") { child in
      var answers = child.output.lines.makeAsyncIterator()
      try await child.input.write("hello\n")
      #expect(try await answers.next() == "hello")
    }
  }

  func reload() {}

  /// Compiled, and not run: it has no end.
  func reloadAtSignals() async throws {
    for await _ in try signals(1) { reload() }
    for try await line in standardInput.lines { try await standardOutput.write("you said: \(line)\n") }
  }
}
