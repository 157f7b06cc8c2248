import Testing

@testable import asyncio

@Suite struct BlockBarTests {
  @Test(arguments: [
    (0.0, "    "), (0.01, "    "), (0.02, "▏   "), (0.125, "▌   "), (0.5, "██  "), (0.72, "██▉ "),
    (1, "████"), (2, "████"),
    (-1, "    "),
  ])
  func `a bar is an eighth of a column fine`(fraction: Double, expected: String) {
    #expect(BlockBar.filled(fraction, cells: 4) == expected)
  }

  @Test(arguments: [
    (0.0, 1.0, "████"), (0, 0.5, "██  "), (0.5, 1, "  ██"), (0.375, 1, " ▐██"), (0.46, 0.8, " ▕█▎"),
    (0.02, 0.25, "█   "),
    (0.25, 0.5, " █  "),
  ])
  func `a span begins and ends where it should`(start: Double, end: Double, expected: String) {
    #expect(BlockBar.span(from: start, to: end, cells: 4) == expected)
  }

  @Test(arguments: [0.0, 0.1, 0.3, 0.47, 0.5, 0.72, 0.99, 1])
  func `a span that rounds to nothing is still seen`(place: Double) {
    let line = BlockBar.span(from: place, to: place, cells: 10)
    #expect(line.count == 10)
    #expect(line.count { $0 != " " } == 1)
  }

  @Test(arguments: 0...5)
  func `a bar takes its cells exactly`(cells: Int) {
    for step in 0...40 {
      let fraction = Double(step) / 40
      #expect(BlockBar.filled(fraction, cells: cells).displayWidth == cells)
      #expect(BlockBar.span(from: fraction / 3, to: fraction, cells: cells).displayWidth == cells)
    }
  }
}
