import AsyncIO
import AsyncIOTesting
import Glibc
import Synchronization
import Testing

@testable import asyncio

@Suite struct LiveDisplayTests {
  private let screen = Screen()

  private func display(isLive: Bool = true, width: Int = 40) -> LiveDisplay {
    LiveDisplay(isLive: isLive, width: { width }, display: screen.write, output: screen.write)
  }

  @Test func `lines stay where they are while they change`() {
    let display = display()
    display.update(["one", "two"])
    #expect(screen.lines == ["one", "two"])
    display.update(["1", "two and a half"])
    #expect(screen.lines == ["1", "two and a half"])
    #expect(screen.unknown.isEmpty)
  }

  @Test func `fewer lines leave nothing of the others`() {
    let display = display()
    display.update(["one", "two", "three"])
    display.update(["only"])
    #expect(screen.lines == ["only"])
    display.update(["only", "again"])
    #expect(screen.lines == ["only", "again"])
    display.update([])
    #expect(screen.lines == [""])
  }

  @Test func `what is printed scrolls above`() {
    let display = display()
    display.print("before")
    display.update(["bar", "below"])
    display.print("a result")
    display.note("a remark")
    #expect(screen.lines == ["before", "a result", "a remark", "bar", "below"])
  }

  @Test func `the end erases the display`() {
    let display = display()
    display.update(["bar", "below"])
    display.print("a result")
    display.finish()
    display.print("the summary")
    #expect(screen.lines == ["a result", "the summary", ""])
  }

  @Test func `the end may leave lines standing`() {
    let display = display()
    display.update(["bar", "below"])
    display.finish(leaving: ["done"])
    display.print("the summary")
    #expect(screen.lines == ["done", "the summary", ""])
  }

  @Test func `after the end nothing is drawn`() {
    let display = display()
    display.finish()
    display.update(["late"])
    display.finish(leaving: ["later"])
    #expect(screen.lines == [""])
    display.print("still printed")
    #expect(screen.lines == ["still printed", ""])
  }

  @Test func `without a terminal only what is printed comes out`() {
    let display = display(isLive: false)
    display.update(["bar"])
    display.print("a result")
    display.update(["bar"])
    display.finish(leaving: ["done"])
    #expect(screen.writes == ["a result\n"])
  }

  @Test func `a line is cut to the terminal's width`() {
    let display = display(width: 6)
    display.update(["日本語日本語", Palette.colored("abcdefgh", .red)])
    #expect(screen.lines == ["日本…", "abcde…"])
  }

  @Test func `each change of the display is one write`() {
    let display = display()
    display.update(["one", "two"])
    display.update(["three"])
    #expect(screen.writes.count == 2)
  }

  @Test func `rows that a narrower window made of a line are erased too`() {
    let widths = Widths([20, 20, 8, 8])
    let display = LiveDisplay(isLive: true, width: widths.next, display: screen.write, output: screen.write)
    display.update(["12345678901234567890"])
    display.update(["short"])
    // Twenty columns take three rows of eight: two up from the last.
    #expect(screen.writes.last?.hasPrefix("\r\u{1B}[2A") == true)
  }

  /// A display whose output takes so many lines, and then none with this error.
  private func display(taking count: Int, then error: CInt, _ printed: LineCount = LineCount()) -> LiveDisplay
  {
    LiveDisplay(
      isLive: true, width: { 80 },
      display: { text in
        errno = 0
        return screen.write(text)
      },
      output: { _ in
        if printed.next() <= count { return true }
        errno = error
        return false
      })
  }

  private final class LineCount: Sendable {
    private let count = Atomic(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
  }

  @Test func `results that cannot be written are said to be lost, once, and no more are written`() {
    let printed = LineCount()
    let display = display(taking: 1, then: ENOSPC, printed)
    display.print("one")
    #expect(display.failure == nil)
    display.update(["bar"])
    for _ in 0..<3 { display.print("lost") }
    #expect(display.failure == ENOSPC)
    #expect(
      screen.lines == [
        "asyncio: results are lost, as they cannot be written: No space left on device", "bar",
      ])
    // Two tries of print, and this.
    #expect(printed.next() == 3)
  }

  @Test(.virtualTime) func `when the reader has gone, what is under way is cancelled`() async throws {
    let display = display(taking: 1, then: EPIPE)
    let printed = Mutex(0)
    try await display.whileRead {
      while true {
        printed.withLock { $0 += 1 }
        display.print("a line")
        try await sleep(for: .seconds(1))
      }
    }
    #expect(printed.withLock { $0 } == 2)
    #expect(display.failure == EPIPE)
    // A full disk is no reason to stop.
    let full = self.display(taking: 0, then: ENOSPC)
    try await full.whileRead {
      full.print("a line")
      try await sleep(for: .seconds(1))
      printed.withLock { $0 = 100 }
    }
    #expect(printed.withLock { $0 } == 100)
  }

  @Test func `a reader who has gone does not end the process`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      var ends: [CInt] = [-1, -1]
      // `ends` has room for the two descriptors that the kernel writes.
      try #require(unsafe pipe(&ends) == 0)
      dup2(ends[1], STDOUT_FILENO)
      for end in ends { close(end) }
      let display = LiveDisplay.standard()
      display.print("lost")
      #expect(display.failure == EPIPE)
    }
  }

  @Test(.virtualTime) func `errors and cancellation come through`() async throws {
    let display = display(taking: 1, then: EPIPE)
    await #expect(throws: IOError.self) {
      try await display.whileRead { throw IOError(.closed, operation: "test") }
    }
    let task = createTask { try await display.whileRead { try await sleep(for: .seconds(3600)) } }
    try await sleep(for: .seconds(1))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func `writers on many threads never interleave`() async {
    let display = display()
    await withTaskGroup { group in
      for writer in 0..<8 {
        group.addTask {
          for number in 0..<50 {
            display.update(["progress \(number)", "of \(writer)"])
            display.print("result \(writer).\(number)")
          }
        }
      }
    }
    display.finish()
    let results = screen.lines.filter { !$0.isEmpty }
    #expect(results.count == 400)
    #expect(results.allSatisfy { $0.hasPrefix("result ") })
    #expect(Set(results).count == 400)
  }
}
