import AsyncIO

/// Thrown by a workload whose API the package does not have yet.
struct NotYet: Error {}

/// Runs a workload on our event loop.
///
/// A workload that needs nothing but the language would run without the loop too, on the stock executor, and
/// its rate would be taken for ours. So nothing runs until the loop does.
func onLoop(_ body: @escaping @Sendable () async throws -> Void) throws {
  throw NotYet()
}
