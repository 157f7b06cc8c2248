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
    let child = try ChildProgram(argument, of: program)
    #expect(child.readLines() == [])
    #expect(child.readErrors() == "")
    #expect(child.wait() == .exited(0))
  }
}
