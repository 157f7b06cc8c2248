import Glibc

@testable import AsyncIORuntime

/// Runs blocking code, such as a runner's, on a thread of its own, which is not the process's first and has no task.
func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    let isStarted = LoopThread.start(named: "test") {
      continuation.resume(with: Result { try body() })
    }
    if !isStarted {
      continuation.resume(throwing: IOError(.system, errno: EAGAIN, operation: "pthread_create"))
    }
  }
}
