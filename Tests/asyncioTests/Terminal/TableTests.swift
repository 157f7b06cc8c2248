import Testing

@testable import asyncio

@Suite struct TableTests {
  private var pages: Table {
    var table = Table(columns: [
      .init("page", truncation: .middle), .init("time", alignment: .trailing),
      .init("note", truncation: .end),
    ])
    table.append(["http://example.com/one", "1.00 s", "日本語"])
    table.append(["二", "950 ms"])
    return table
  }

  @Test func `columns are aligned by width`() {
    #expect(
      pages.lines() == [
        "page                      time  note",
        "──────────────────────  ──────  ──────",
        "http://example.com/one  1.00 s  日本語",
        "二                      950 ms",
      ])
  }

  @Test func `the widest column gives way`() {
    #expect(
      pages.lines(width: 28) == [
        "page            time  note",
        "────────────  ──────  ──────",
        "http:/…m/one  1.00 s  日本語",
        "二            950 ms",
      ])
  }

  @Test(arguments: 0...60)
  func `no line is wider than told`(width: Int) {
    for line in pages.lines(width: width, palette: .colored) {
      #expect(line.displayWidth <= width)
    }
  }

  @Test func `a table without titles has rows only`() {
    var table = Table(columns: [.init("", alignment: .trailing), .init("")])
    table.append(["1", "a"])
    table.append(["10", "b"])
    #expect(table.lines() == [" 1  a", "10  b"])
  }

  @Test func `a cell cannot steer the terminal`() {
    var table = Table(columns: [.init("")])
    table.append(["a\u{1B}[2J\nb"])
    #expect(table.lines() == ["a\u{FFFD}[2J b"])
  }

  @Test func `too many cells are a mistake`() async {
    await #expect(processExitsWith: .failure) {
      var table = Table(columns: [.init("")])
      table.append(["a", "b"])
    }
  }
}
