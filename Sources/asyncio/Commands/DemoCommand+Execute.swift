import ArgumentParser
import AsyncIO

extension DemoCommand {
  /// Fetches the pages in both ways, and draws what happened.
  func execute() throws {
    do { try Destination.check(svg) } catch { throw fail("the picture cannot be written: \(error)") }
    let terminal = Terminal(descriptor: 1)
    let palette = noColor ? Palette.plain : terminal.palette
    let (pages, delay) = (pages, delay.duration)
    let timeline = try onLoop {
      try await Demo(pages: pages, delay: delay, palette: palette).run()
    }
    show(timeline, width: terminal.width, palette: palette)
    try save(timeline)
  }

  private func show(_ timeline: Timeline, width: Int, palette: Palette) {
    var table = Table(columns: [
      .init("page", truncation: .middle),
      .init("one after another", alignment: .trailing),
      .init("at once", alignment: .trailing),
    ])
    for index in 0..<pages {
      table.append(
        ["page \(index + 1)"]
          + timeline.runs.map { run in
            index < run.bars.count ? "\(run.bars[index].start.text) – \(run.bars[index].end.text)" : ""
          })
    }
    table.append(["all"] + timeline.runs.map { $0.total.text })
    let text =
      table.lines(width: width, palette: palette) + [""]
      + TimelineText(timeline, width: width, palette: palette).lines
    StandardStream.output.write(text.joined(separator: "\n") + "\n")
  }

  private func save(_ timeline: Timeline) throws {
    do {
      try OutputFile.write(Array(TimelineSVG(timeline).text.utf8), to: svg)
    } catch {
      throw fail("the picture could not be written: \(error)")
    }
    StandardStream.output.write("\nThe picture is in \(svg)\n")
  }
}
