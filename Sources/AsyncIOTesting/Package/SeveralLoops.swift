// What this package's own tests share.

internal import AsyncIORuntime

/// Runs `body` on several loops, each with its thread, in real time.
///
/// - Parameters:
///   - count: How many loops; at least 1.
///   - body: Runs on the first of them; what it starts may be given to the others.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws.
package func onLoops<Value: Sendable>(
  _ count: Int, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    LoopThread.start(named: "test") {
      continuation.resume(
        with: Result {
          var configuration = Runner.Configuration()
          configuration.threads = count
          let runner = try Runner(configuration)
          defer { runner.close() }
          return try runner.run(body)
        })
    }
  }
}

/// Runs `body` on the executor of the platform, as in a program that has no loop of ours.
///
/// - Parameter body: Runs on the threads of the language's own pool.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws.
package func withoutLoop<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws
  -> Value
{
  try await withCheckedThrowingContinuation { continuation in
    // From a thread that drives a loop the task would go to that.
    LoopThread.start(named: "test") {
      Task.detached {
        do {
          precondition(EventLoop.current == nil, "the task has come to a loop")
          continuation.resume(returning: try await body())
        } catch {
          continuation.resume(throwing: error)
        }
      }
    }
  }
}
