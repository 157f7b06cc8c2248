import ArgumentParser

/// How many requests there are at a time, and how long each may take, for every command that sends many.
///
/// `--retries`, `--rate` and `--per-host` are not here: what they are by default differs.
struct RequestOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: ArgumentHelp("How many requests at the same time.", valueName: "n"))
  var limit = 10

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long each may take, such as 500ms, 2s or 1m. (default: 30s)", valueName: "duration"),
    transform: DurationArgument.init(parsing:))
  var timeout = DurationArgument(.seconds(30))

  /// How many requests there may be at a time.
  static let limits = 1...1_000_000
  /// How often a request may be sent again.
  static let retries = 0...1000
  /// How many requests may be begun in a second; none is for no limit.
  static let rates = 0...1_000_000

  func validate() throws {
    try Self.limits.check(limit, of: "--limit")
    guard timeout.duration > .zero else {
      throw ValidationError("'--timeout' must be longer than nothing.")
    }
  }
}
