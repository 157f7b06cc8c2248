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
    try holds(ChildProgram(argument, of: program))
  }

  @Test func `and where the runtime checks that each continuation is resumed`() throws {
    // Then no task parks (Parking.swift), as the runtime stops a program that leaves a continuation for another.
    let check = "SWIFT_DEBUG_VALIDATE_UNCHECKED_CONTINUATIONS=1"
    try holds(ChildProgram("one-loop", of: "asyncio-behaviours", variable: check))
  }

  private func holds(_ child: ChildProgram) {
    #expect(child.readLines() == [])
    #expect(child.readErrors() == "")
    #expect(child.wait() == .exited(0))
  }
}
