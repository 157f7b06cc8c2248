import ArgumentParser

extension ServeCommand {
  /// Does what the command is for, with its arguments checked.
  func execute() throws {
    StandardStream.error.write("asyncio serve: not wired\n")
    throw ExitCode(64)
  }
}
