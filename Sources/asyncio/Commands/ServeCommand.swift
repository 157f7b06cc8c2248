import ArgumentParser

/// `asyncio serve`: the files of a directory, or the demonstration's server by itself.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract:
      "Serve the files of a directory, or pages that are as slow, as large and as faulty as you wish.",
    discussion: """
      For demonstrations, tests and benchmarks, and to look at a directory with a browser: each request is a line on standard \
      output. With '--cert' it speaks https. Ctrl-C stops it at once; after SIGTERM, answers that are under way are finished.
      """)

  @Argument(
    help: ArgumentHelp(
      "A directory to serve, with lists where there is no index.html; without one, pages are made up.",
      valueName: "directory"), completion: .directory)
  var directory: String?

  @Option(help: ArgumentHelp("The address to listen on.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The port to listen on; 0 takes any free one.", valueName: "port"))
  var port = 8080

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long each response takes, such as 250ms or 1.5s. (default: 0s)", valueName: "duration"),
    transform: DurationArgument.init(parsing:))
  var delay = DurationArgument(.zero)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How large each response's body is, such as 512, 64k or 1M. (default: 1024)", valueName: "bytes"),
    transform: ByteCountArgument.init(parsing:))
  var size = ByteCountArgument(1024)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Which part of the responses are errors (status 500), 0…1.", valueName: "rate"))
  var errorRate = 0.0

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Serve a made-up site of so many pages that link to each other, with traps for crawlers; "
        + "/private/check says how a crawler has behaved.", valueName: "pages"))
  var site: Int?

  @OptionGroup var certificate: CertificateOptions

  func validate() throws {
    if let site { try (1...1_000_000).check(site, of: "--site") }
    guard !host.isEmpty else {
      throw ValidationError("'--host' needs an address.")
    }
    try (0...65535).check(port, of: "--port")
    // A number that is none is in no range.
    guard (0...1).contains(errorRate) else {
      throw ValidationError("'--error-rate' must be 0…1, not \(errorRate).")
    }
    guard
      directory == nil
        || (delay == DurationArgument(.zero) && size == ByteCountArgument(1024) && errorRate == 0
          && site == nil)
    else {
      throw ValidationError(
        "'--delay', '--size', '--error-rate' and '--site' are for pages that are made up, not for files.")
    }
  }

  func run() throws {
    try execute()
  }
}
