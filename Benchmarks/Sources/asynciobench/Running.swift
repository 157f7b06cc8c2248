import AsyncIO

/// Thrown by a workload whose API the package does not have yet.
struct NotYet: Error {}

/// Runs a workload on our event loop.
func onLoop(_ body: @escaping @Sendable () async throws -> Void) throws {
  try EventLoop.run(body)
}
