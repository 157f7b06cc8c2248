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
        let before = openDescriptors()
        let results = try await gather(0..<1000, limit: 50) { number in
          try await Subprocess.run("sh", "-c", "echo \(number); exit \(number % 256)")
        }
        for (number, result) in results.enumerated() {
          precondition(result.text == "\(number)\n" && result.status == .exited(code: CInt(number % 256)))
        }
        precondition(openDescriptors() == before, "descriptors: \(before) before, \(openDescriptors()) after")
        precondition(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD, "a child is left")
      }
    }
  }

  @Test func `of processes that are cut short in all ways, nothing is left`() async throws {
    await #expect(processExitsWith: .success) {
      try EventLoop.run {
        _ = try await Subprocess.run("true")
        let before = openDescriptors()
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
          guard case .failure = ending else { preconditionFailure("a process that never ends has ended") }
        }
        precondition(openDescriptors() == before, "descriptors: \(before) before, \(openDescriptors()) after")
        precondition(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD, "a child is left")
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

/// How many descriptors this process has open.
func openDescriptors() -> Int {
  (0..<4096).count { fcntl(CInt($0), F_GETFD) >= 0 }
}
