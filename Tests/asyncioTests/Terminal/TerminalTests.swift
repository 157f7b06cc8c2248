import Testing

@testable import asyncio

@Suite struct TerminalTests {
  private func terminal(
    isTerminal: Bool = true, windowWidth: Int? = nil, _ environment: [String: String] = [:]
  ) -> Terminal {
    Terminal(isTerminal: isTerminal, windowWidth: windowWidth) { environment[$0] }
  }

  @Test func `a terminal shows colours`() {
    #expect(terminal(["TERM": "xterm"]).isInteractive)
    #expect(terminal(["TERM": "xterm"]).palette.isColored)
  }

  @Test(arguments: [
    (["NO_COLOR": "1"], false), (["NO_COLOR": "0"], false), (["NO_COLOR": ""], true), ([:], true),
  ])
  func `NO_COLOR is heeded unless it is empty`(environment: [String: String], showsColor: Bool) {
    #expect(terminal(environment).showsColor == showsColor)
    #expect(terminal(environment).isInteractive)
  }

  @Test func `a dumb terminal and a file are not drawn on`() {
    #expect(!terminal(["TERM": "dumb"]).isInteractive)
    #expect(!terminal(["TERM": "dumb"]).showsColor)
    #expect(!terminal(isTerminal: false).isInteractive)
    #expect(!terminal(isTerminal: false).showsColor)
  }

  @Test(arguments: [
    (nil, nil, 80), (120, nil, 120), (120, "60", 60), (nil, "60", 60), (0, nil, 80), (120, "wide", 120),
    (120, "0", 120),
    (120, "-3", 120),
  ])
  func `the width is what somebody knows`(window: Int?, columns: String?, width: Int) {
    let environment = columns.map { ["COLUMNS": $0] } ?? [:]
    #expect(terminal(windowWidth: window, environment).width == width)
  }

  @Test func `a descriptor that is none is no terminal`() {
    let terminal = Terminal(descriptor: -1)
    #expect(!terminal.isInteractive)
    #expect(terminal.width > 0)
  }
}
