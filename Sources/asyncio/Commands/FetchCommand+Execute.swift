import ArgumentParser

extension FetchCommand {
  /// Does what the command is for, with its arguments checked.
  func execute() throws {
    StandardStream.error.write("asyncio fetch: not wired\n")
    throw ExitCode(64)
  }
}
