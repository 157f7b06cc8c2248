import AsyncIOTesting
import Testing

/// The behaviours of `Tests/Behaviours` in programs of their own.
@Suite(.realTime, .deadline(.seconds(60))) struct BehaviourProgramTests {
  @Test(arguments: [
    ("asyncio-behaviours", "one-loop"), ("asyncio-behaviours", "two-loops"), ("asyncio-without-loop", "-"),
  ])
  func `all behaviours hold under the language, on one loop and on two, and without any`(
    _ program: String, _ argument: String
  ) throws {
    try holds(argument, program)
  }

  @Test func `and where the runtime checks that each continuation is resumed`() throws {
    // Then no task parks (Parking.swift), as the runtime stops a program that leaves a continuation for another.
    try holds("one-loop", "asyncio-behaviours", ["SWIFT_DEBUG_VALIDATE_UNCHECKED_CONTINUATIONS=1"])
  }

  private func holds(_ argument: String, _ program: String, _ variables: [String] = []) throws {
    // What a machine that stops for a moment has the watchdog say is none of a behaviour's.
    let child = try ChildProgram(argument, of: program, variables: variables + ["ASYNCIO_WATCHDOG=off"])
    #expect(child.readLines() == [])
    #expect(child.readErrors() == "")
    #expect(child.wait() == .exited(0))
  }
}
