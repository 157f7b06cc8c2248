import AsyncIO
import Glibc

/// Thrown by a workload whose API the package does not have yet.
struct NotYet: Error {}

/// Runs a workload on as many of our event loops.
func onLoops(_ threads: Int, _ body: @escaping @Sendable () async throws -> Void) throws {
  try EventLoop.run(threads: threads, body)
}

/// As much of `count` as the environment's `BENCHMARK_PART` says, from 0 to 1; all of it if it says nothing.
///
/// Programs that are slow, and runs that are to be short, do a part of the work: rates do not depend on it.
func sized(_ count: Int) -> Int {
  guard let value = unsafe getenv("BENCHMARK_PART"), let part = Double(unsafe String(cString: value)) else {
    return count
  }
  return max(1, Int((Double(count) * part).rounded()))
}
