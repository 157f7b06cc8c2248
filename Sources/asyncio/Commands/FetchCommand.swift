import ArgumentParser

/// `asyncio fetch`: many URLs at once.
struct FetchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Fetch URLs concurrently, printing each result as it completes.",
    discussion: """
      The exit status is 0 when every URL was fetched with a status below 400, 1 when some was not, 130 \
      after Ctrl-C, and 143 after SIGTERM.

      '--timeout' is for one attempt, from when its turn has come to the end of the body: what it waits for by '--rate' and \
      '--per-host' does not count. Where one of those is given a redirect has its own turn, and its own time.

      With '--queue' any number of processes, on any machines, fetch one run together: each takes URLs, notes what \
      became of them, and ends when all are done. Those of a process that dies are given to others. Give the list to one \
      of them, or to each: it is put in once.
      """)

  @Argument(help: ArgumentHelp("The URLs to fetch.", valueName: "URL"))
  var urls: [String] = []

  @Option(
    help: ArgumentHelp(
      "A file with a URL on each line; '-' is standard input. '#' starts a comment.", valueName: "file"),
    completion: .file())
  var input: String?

  @OptionGroup var requests: RequestOptions

  @Option(
    help: ArgumentHelp("A folder to save the bodies in; it is made if need be.", valueName: "folder"),
    completion: .directory)
  var output: String?

  @Flag(help: "Print each result as a line of JSON.")
  var json = false

  @Option(
    name: [.short, .customLong("request"), .customLong("method")],
    help: ArgumentHelp("What to do with each URL, such as HEAD or POST. (default: GET)", valueName: "method"))
  var method: String?

  @Option(
    name: [.short, .long], parsing: .unconditional,
    help: ArgumentHelp(
      "The body of each request; '@file' for that of a file. POST is then the default.", valueName: "data"))
  var data: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How often to try again what may pass, with growing pauses.", valueName: "n"))
  var retries = 0

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many to fetch at the same time from one host. (default: as many as in all)", valueName: "n"))
  var perHost: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many requests to begin in a second with one server; 0 for no limit.", valueName: "n"))
  var rate = 0

  @Option(
    help: ArgumentHelp(
      "A file that notes what is finished; with it, an interrupted run goes on where it was.",
      valueName: "file"),
    completion: .file())
  var journal: String?

  @Option(
    help: ArgumentHelp(
      "Where processes that fetch one run together find its URLs and note their results: postgres://host/database, or 'postgres:host=… dbname=…'.",
      valueName: "address"), transform: FetchQueueAddress.init(parsing:))
  var queue: FetchQueueAddress?

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp(
      "With '--queue', the name of the run. URLs that are in it already are not fetched again. (default: fetch)",
      valueName: "name"))
  var runName: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "With '--queue', how long URLs stay with a process that nothing is heard of. (default: 15s)",
      valueName: "duration"),
    transform: DurationArgument.init(parsing:))
  var claim: DurationArgument?

  @OptionGroup var connection: ConnectionOptions

  @Option(
    help: ArgumentHelp("A Unix socket that all requests go to.", valueName: "path"), completion: .file())
  var unixSocket: String?

  @Option(
    help: ArgumentHelp(
      "Where to draw when each of the first hundred was fetched, as SVG.", valueName: "file"),
    completion: .file())
  var timeline: String?

  @Flag(help: "Do not follow redirects.")
  var noFollow = false

  func validate() throws {
    guard !urls.isEmpty || input != nil || queue != nil else {
      throw ValidationError("Nothing to fetch: give URLs, or a file of them with '--input'.")
    }
    try RequestOptions.retries.check(retries, of: "--retries")
    try RequestOptions.rates.check(rate, of: "--rate")
    if let perHost { try RequestOptions.limits.check(perHost, of: "--per-host") }
    guard queue == nil || journal == nil else {
      throw ValidationError("'--queue' and '--journal' do not go together: the queue notes what is finished.")
    }
    guard queue != nil || (runName == nil && claim == nil) else {
      throw ValidationError("'--run' and '--claim' are for a run with '--queue'.")
    }
    if let runName { try FetchQueueAddress.checkName(runName) }
    if let claim, claim.duration < .milliseconds(100) {
      throw ValidationError("'--claim' must be at least 100ms.")
    }
    try Destination.checkNames([
      ("--input", input), ("--output", output), ("--journal", journal), ("--timeline", timeline),
    ])
  }

  func run() throws {
    try execute()
  }
}
