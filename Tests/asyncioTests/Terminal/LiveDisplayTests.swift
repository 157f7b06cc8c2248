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
