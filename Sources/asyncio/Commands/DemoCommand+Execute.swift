import ArgumentParser

extension DemoCommand {
  /// Does what the command is for, with its arguments checked.
  func execute() throws {
    StandardStream.error.write("asyncio demo: not wired\n")
    throw ExitCode(64)
  }
}
