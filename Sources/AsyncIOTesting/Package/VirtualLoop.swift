// What this package's own tests share.

internal import AsyncIORuntime

/// Runs `body` on a loop of its own with virtual time and a seed, on a thread of its own.
///
/// For tests that try many seeds, as the traits take one, and for exit tests, which have no trait in their process.
package func onVirtualLoop<Value: Sendable>(
  seed: UInt64? = nil, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    LoopThread.start(named: "test") {
      continuation.resume(
        with: Result {
          let loop = try EventLoop(time: .virtual, seed: seed)
          let runner = try Runner(driving: loop, isHome: false, Runner.Configuration())
          defer { runner.close() }
          return try runner.run(body)
        })
    }
  }
}
