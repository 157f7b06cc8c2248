import ArgumentParser

/// The command-line tool.
///
/// It is a plain synchronous command: the event loop is started inside a synchronous `main`, by the command
/// that needs it.
@main
struct AsyncIOTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "asyncio",
    abstract:
      "Many things at once: a demonstration, a concurrent fetcher, a polite crawler and a test server.",
    version: "0.1.0",
    subcommands: [DemoCommand.self, FetchCommand.self, CrawlCommand.self, ServeCommand.self])
}
