import AsyncIO

func program() throws {
  let runner = try Runner()
  #if MISTAKE
    try runner.run { runner.close() }  // error: capture of 'runner' with non-Sendable type 'Runner'
  #else
    try runner.run {}
    runner.close()
  #endif
}
