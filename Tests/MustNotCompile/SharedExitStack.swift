import AsyncIO

func program() async throws {
  try await withExitStack { stack in
    stack.callback {}
    #if MISTAKE
      // error: capture of 'stack' with non-Sendable type 'AsyncExitStack' in a '@Sendable' closure
      createTask { stack.callback {} }
    #endif
  }
}
