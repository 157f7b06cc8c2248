import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOSystem
import AsyncIOTesting
import Glibc
import Testing

@Suite(.leavesNoProcess, .realTime, .deadline(.seconds(120))) struct ManyProcessesTests {
  @Test func `a thousand processes, fifty at a time, and nothing is left`() async throws {
    await #expect(processExitsWith: .success) {
      try EventLoop.run {
        _ = try await Subprocess.run("true")
        let before = descriptorsOfChildren()
        let results = try await gather(0..<1000, limit: 50) { number in
          try await Subprocess.run("sh", "-c", "echo \(number); exit \(number % 256)")
        }
        let wrong = results.enumerated().filter { number, result in
          result.text != "\(number)\n" || result.status != .exited(code: CInt(number % 256))
        }
        #expect(wrong.isEmpty, "\(wrong.map { "\($0): \($1.status), \($1.text.debugDescription)" })")
        let after = descriptorsOfChildren()
        #expect(after == before, "descriptors: \(before) before, \(after) after")
        #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD, "a child is left")
      }
    }
  }

  @Test func `of processes that are cut short in all ways, nothing is left`() async throws {
    await #expect(processExitsWith: .success) {
      try EventLoop.run {
        _ = try await Subprocess.run("true")
        let before = descriptorsOfChildren()
        var numbers = SystemRandomNumberGenerator()
        let delays = (0..<200).map { _ in Int.random(in: 0..<30, using: &numbers) }
        let endings = try await gatherResults(Array(delays.enumerated()), limit: 20) { index, delay in
          try await withTimeout(.milliseconds(delay)) {
            switch index % 4 {
            case 0: _ = try await Subprocess.run("sleep", "1000")
            case 1: _ = try await Subprocess.run("yes", limit: 10_000)
            case 2: _ = try await Subprocess.run("/nowhere/program")
            default:
              try await withSubprocess("cat") { child in
                while true { try await child.input.write([UInt8](repeating: 0, count: 100_000)) }
              }
            }
          }
        }
        for ending in endings {
          guard case .failure = ending else {
            Issue.record("a process that never ends has ended")
            continue
          }
        }
        let after = descriptorsOfChildren()
        #expect(after == before, "descriptors: \(before) before, \(after) after")
        #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD, "a child is left")
      }
    }
  }

  @Test func `a status that somebody else has taken is told`() async throws {
    await #expect(processExitsWith: .success) {
      signal(SIGCHLD, SIG_IGN)
      try EventLoop.run {
        do {
          _ = try await Subprocess.run("true")
          preconditionFailure("a status was made up")
        } catch let error as IOError {
          precondition(error.errno == ECHILD && error.description.contains("SIGCHLD is ignored"))
        }
      }
    }
  }
}

/// How many descriptors this process has of the kinds that a child is started with.
///
/// Not all of its descriptors: others come and go meanwhile, as the watchdog's thread reads in `/proc` how long a loop has waited
/// for a core.
func descriptorsOfChildren() -> Int {
  descriptors { $0 == "anon_inode:[pidfd]" || $0 == "/dev/null" || $0.hasPrefix("pipe:") }
}
