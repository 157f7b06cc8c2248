import ArgumentParser

/// `asyncio demo`: the same pages one after another and then at once.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Fetch slow pages one after another, then at once, and draw both.",
    discussion: """
      Starts a server of its own whose pages take a while each, so that it needs no network. At the end it \
      shows a table and a timeline, and writes the timeline as a picture.
      """)

  @Option(parsing: .unconditional, help: ArgumentHelp("How many pages to fetch, 1…1000.", valueName: "n"))
  var pages = 3

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long each page takes, such as 250ms or 1.5s. (default: 1s)", valueName: "duration"),
    transform: DurationArgument.init(parsing:))
  var delay = DurationArgument(.seconds(1))

  @Option(help: ArgumentHelp("Where to write the picture.", valueName: "file"), completion: .file())
  var svg = "asyncio-demo.svg"

  @Flag(name: .customLong("no-color"), help: "Print without colours, also on a terminal.")
  var noColor = false

  func validate() throws {
    try (1...1000).check(pages, of: "--pages")
    try Destination.checkNames([("--svg", svg)])
  }

  func run() throws {
    try execute()
  }
}
