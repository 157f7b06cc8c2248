import AsyncIO

func program() async throws {
  let handle = createTask { 42 }
  #if MISTAKE
    // error: isolated property 'value' cannot be accessed from outside of the actor
    print(try handle.value)
  #else
    print(try await handle.value)
  #endif
}
