import ArgumentParser

/// `asyncio fetch`: many URLs at once.
struct FetchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Fetch URLs concurrently, printing each result as it completes.",
    discussion: """
      The exit status is 0 when every URL was fetched with a status below 400, 1 when some was not, and 130 \
      after Ctrl-C.
      """)

  @Argument(help: ArgumentHelp("The URLs to fetch.", valueName: "URL"))
  var urls: [String] = []

  @Option(
    help: ArgumentHelp(
      "A file with a URL on each line; '-' is standard input. '#' starts a comment.", valueName: "file"),
    completion: .file())
  var input: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("How many to fetch at the same time.", valueName: "n"))
  var limit = 10

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long each may take, such as 500ms, 2s or 1m. (default: 30s)", valueName: "duration"),
    transform: DurationArgument.init(parsing:))
  var timeout = DurationArgument(.seconds(30))

  @Option(
    help: ArgumentHelp("A folder to save the bodies in; it is made if need be.", valueName: "folder"),
    completion: .directory)
  var output: String?

  @Flag(help: "Print each result as a line of JSON.")
  var json = false

  func validate() throws {
    guard !urls.isEmpty || input != nil else {
      throw ValidationError("Nothing to fetch: give URLs, or a file of them with '--input'.")
    }
    guard limit >= 1 else {
      throw ValidationError("'--limit' must be at least 1, not \(limit).")
    }
    guard timeout.duration > .zero else {
      throw ValidationError("'--timeout' must be longer than nothing.")
    }
    guard input != "", output != "" else {
      throw ValidationError("'\(input == "" ? "--input" : "--output")' needs a name.")
    }
  }

  func run() throws {
    try execute()
  }
}
