import AsyncIOTesting
import Glibc
import Testing

/// The mode under the language, in programs of its own.
@Suite(.realTime, .deadline(.seconds(40))) struct UnderLanguageTests {
  /// Runs a program that ends by itself.
  private func run(
    _ command: String, _ variables: [String] = []
  ) throws -> (lines: [String], errors: String, ending: ChildProgram.Ending) {
    let program = try ChildProgram(command, variables: variables)
    let lines = program.readLines()
    return (lines, program.readErrors(), program.wait())
  }

  @Test func `every Swift task of the process runs on the loop's thread`() throws {
    let (lines, errors, ending) = try run("places", ["ASYNCIO_WATCHDOG=off"])
    #expect(ending == .exited(0))
    #expect(errors == "")
    #expect(lines.filter { !$0.hasSuffix(": here") } == [])
    let kinds = [
      "main", "Task", "Task.detached", "group", "async let", "actor", "actor, after a yield", "main actor",
      "main actor, after a sleep", "Task of the main actor", "after Task.yield", "after Task.sleep(for:)",
      "after Task.sleep(until:)", "after Task.sleep(nanoseconds:)", "after sleep(for:)", "AsyncStream 1",
      "AsyncStream 2", "after a wake-up from a foreign thread", "main actor", "main actor, after a sleep",
    ]
    #expect(lines == kinds.map { "\($0): here" })
  }

  @Test func `the process has one thread`() throws {
    #expect(try run("thread-count").lines == ["Threads:\t1"])
  }

  @Test func `with two loops, both threads run tasks`() throws {
    let (lines, _, ending) = try run("two-threads")
    #expect(lines == ["2"])
    #expect(ending == .exited(0))
  }

  @Test func `run returns the value`() throws {
    #expect(try run("value").lines == ["42"])
  }

  @Test func `run throws the error`() throws {
    let (lines, _, ending) = try run("error")
    #expect(lines == ["Failure()"])
    #expect(ending == .exited(2))
  }

  @Test func `run may be called again, on the same loop`() throws {
    #expect(try run("twice").lines == ["the same loop"])
  }

  @Test func `a run inside of a run is refused`() throws {
    #expect(try run("nested").lines == ["alreadyRunning"])
  }

  @Test func `runBlocking is refused on the loop`() throws {
    #expect(try run("blocking-on-loop").lines == ["wouldBlockLoop"])
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `the first signal cancels main, and then ends the program`(_ signal: CInt) throws {
    let program = try ChildProgram("waits")
    #expect(program.readLine() == "ready")
    program.signal(signal)
    #expect(program.readLines() == ["main unwinds"])
    #expect(program.wait() == .killed(signal: signal))
  }

  @Test(arguments: [SIGINT, SIGTERM]) func `a runner throws what interrupted it`(_ signal: CInt) throws {
    let program = try ChildProgram("waits-in-runner")
    #expect(program.readLine() == "ready")
    program.signal(signal)
    #expect(program.readLines() == ["main unwinds", "interrupted(signal: \(signal))"])
    #expect(program.wait() == .exited(3))
  }

  @Test func `a signal ends a main that never stops giving way`() throws {
    let program = try ChildProgram("spins")
    #expect(program.readLine() == "ready")
    program.signal(SIGINT)
    #expect(program.readLines() == ["main unwinds", "interrupted(signal: 2)"])
    #expect(program.wait() == .exited(3))
  }  // test_runners: RunnerTests.test_interrupt_call_soon

  @Test func `a signal that main survives does not end the program`() throws {
    let program = try ChildProgram("survives")
    #expect(program.readLine() == "ready")
    program.signal(SIGINT)
    #expect(program.readLines() == ["main has tidied up", "run has returned"])
    #expect(program.wait() == .exited(0))
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `the second signal ends a program that ignores its cancellation`(_ signal: CInt) throws {
    let program = try ChildProgram("ignores-cancellation")
    #expect(program.readLine() == "ready")
    program.signal(SIGINT)
    #expect(program.readLine() == "cancelled")
    program.signal(signal)
    #expect(program.readLines() == [])
    #expect(program.wait() == .killed(signal: signal))
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `the second signal ends a program that blocks its loop`(_ signal: CInt) throws {
    let program = try ChildProgram("blocks")
    #expect(program.readLine() == "ready")
    program.signal(SIGTERM)
    #expect(program.readLine() == "received")
    program.signal(signal)
    #expect(program.wait() == .killed(signal: signal))
  }

  @Test func `tasks that are left are cancelled, awaited and their errors reported`() throws {
    let (lines, errors, ending) = try run("leftovers")
    #expect(lines == ["main has ended", "tidy has ended", "run has returned"])
    #expect(errors.contains("task 'failing'"))
    #expect(errors.contains("failed and nobody waited for it: Failure()"))
    #expect(ending == .exited(0))
  }

  @Test func `a task that does not end is named after the grace`() throws {
    let (lines, errors, ending) = try run("stubborn")
    #expect(lines == ["closed"])
    #expect(errors.contains("task 'stubborn'"))
    #expect(errors.contains("did not end within 0.05 seconds after its cancellation and was abandoned"))
    #expect(ending == .exited(0))
  }

  @Test func `an abandoned call that does not end is named, and the program ends`() throws {
    let (lines, errors, ending) = try run("stuck-call")
    #expect(lines == ["TimeoutError", "closed"])
    #expect(errors.contains("task 'backup' (asyncio_under_language/Endings.swift:"))
    #expect(errors.contains("blocking call 'backup' (asyncio_under_language/Endings.swift:"))
    #expect(errors.contains("has been running on a thread of asyncio-blocking for 0."))
    #expect(ending == .exited(0))
  }

  @Test func `a call that a task does not get back from is named, and the program ends`() throws {
    let (lines, errors, ending) = try run("stuck-task")
    #expect(lines == ["closed"])
    #expect(errors.contains("task 'waiting'"))
    #expect(errors.contains("blocking call (asyncio_under_language/Endings.swift:"))
    #expect(ending == .exited(0))
  }

  @Test func `in a debug build code that blocks is reported`() throws {
    let (_, errors, ending) = try run("blocks-for-long")
    #expect(errors.contains("asyncio: task 'slow' (asyncio_under_language/Endings.swift:"))
    #expect(errors.contains("has held the event loop for 0.1"))
    #expect(errors.contains("sleep in libc"))
    #expect(errors.contains("Endings.swift:"))
    #expect(ending == .exited(0))
  }

  @Test func `a program without a run works too`() throws {
    let (lines, _, ending) = try run("without-run")
    #expect(lines == ["no loop", "CancellationError()"])
    #expect(ending == .exited(0))
  }

  @Test func `cancelled timers and sleepers give their memory back`() throws {
    let lines = try run("memory").lines
    #expect(lines.count == 2)
    for line in lines {
      let words = line.split(separator: " ")
      #expect(words[1] == "0,")
      #expect(try #require(words.last.flatMap { Int($0) }) < 64, "kilobytes are left: \(line)")
    }
  }
}
