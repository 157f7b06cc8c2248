import ArgumentParser

/// `asyncio crawl`: a whole site, politely.
struct CrawlCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crawl",
    abstract: "Follow the links of a site politely, and say what is broken, slow or large.",
    discussion: """
      What robots.txt forbids is not asked for, and neither are other hosts, unless you name them. With \
      '--journal' a crawl that was stopped, in whatever way, goes on where it was. Patterns are those of \
      robots.txt: '*' is any text, and '$' the end.

      The exit status is 0 when nothing is broken, 1 when something is or the crawl failed, 130 after Ctrl-C, and \
      143 after SIGTERM.
      """)

  @Argument(help: ArgumentHelp("Where to begin.", valueName: "URL"))
  var url: String

  @Option(
    parsing: .unconditional, help: ArgumentHelp("How many links away from there to go.", valueName: "n"))
  var depth = 20

  @Option(parsing: .unconditional, help: ArgumentHelp("How many URLs to fetch at most.", valueName: "n"))
  var pages = 10_000

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many requests to begin in a second with one server; 0 for no limit.", valueName: "n"))
  var rate = 10

  @OptionGroup var requests: RequestOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many requests at the same time with one server.", valueName: "n"))
  var perHost = 2

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How often to try again what may pass, with growing pauses.", valueName: "n"))
  var retries = 2

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How large a page may be, such as 512k or 4M. (default: 4M)", valueName: "bytes"),
    transform: ByteCountArgument.init(parsing:))
  var size = ByteCountArgument(4 << 20)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many URLs to fetch that differ in numbers and parameters alone.", valueName: "n"))
  var alike = 1000

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A further host that belongs to the site; it may be given several times.", valueName: "host"))
  var host: [String] = []

  @Flag(help: "Subdomains belong to the site too.")
  var subdomains = false

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Only paths like this; it may be given several times.", valueName: "pattern"))
  var only: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("No paths like this; it may be given several times.", valueName: "pattern"))
  var except: [String] = []

  @Flag(help: "Fetch what sitemaps list too.")
  var sitemaps = false

  @Flag(help: "Check pictures, scripts, style sheets and the like too.")
  var assets = false

  @Flag(help: "Fetch copies that name another page as their canonical one, and follow their links.")
  var ignoreCanonical = false

  @Flag(help: "Leave the parameters of sessions and campaigns in URLs.")
  var keepParameters = false

  @Option(
    help: ArgumentHelp(
      "What to call itself; what that begins with is the name in robots.txt.", valueName: "text"))
  var userAgent = "asyncio-crawl/0.1.0"

  @OptionGroup var connection: ConnectionOptions

  @Option(
    help: ArgumentHelp(
      "A file that notes what is found and fetched; with it, an interrupted crawl goes on where it was.",
      valueName: "file"),
    completion: .file())
  var journal: String?

  @Option(
    help: ArgumentHelp("Where to write a report with a picture of the site, as HTML.", valueName: "file"),
    completion: .file())
  var report: String?

  @Flag(help: "Print each result as a line of JSON.")
  var json = false

  @Flag(help: "Print what is broken alone.")
  var broken = false

  func validate() throws {
    try RequestOptions.retries.check(retries, of: "--retries")
    try RequestOptions.rates.check(rate, of: "--rate")
    try RequestOptions.limits.check(perHost, of: "--per-host")
    guard depth >= 0 else {
      throw ValidationError("'--depth' must be at least 0.")
    }
    guard pages >= 1, alike >= 1 else {
      throw ValidationError("'--pages' and '--alike' must be at least 1.")
    }
    guard size.bytes > 0 else {
      throw ValidationError("'--size' must be more than nothing.")
    }
    guard !json || !broken else {
      throw ValidationError("'--json' and '--broken' do not go together.")
    }
    guard !RobotsFile.productToken(of: userAgent).isEmpty else {
      throw ValidationError(
        "'--user-agent' must begin with a name of letters, '-' and '_', by which robots.txt can know it.")
    }
    try Destination.checkNames([("--journal", journal), ("--report", report)])
  }

  func run() throws {
    try execute()
  }
}
