// The value of a task, beside all that TaskCore.swift knows of it.
//
// The task writes the value before it publishes, under the lock of its core, that it has succeeded, and never again. Who reads
// it has been told so under the same lock. So it needs no lock of its own.

/// A core with a place for the task's value.
@usableFromInline
final class ValuedTaskCore<Success: Sendable>: TaskCore, @unchecked Sendable {
  // Sendable: see the head of this file.
  @usableFromInline @exclusivity(unchecked) var value: Success?

  /// Runs `operation` as the current task, unless that was cancelled before.
  @inlinable
  func run(_ operation: @Sendable () async throws -> Success) async {
    defer { leave() }
    guard begin() else { return }
    do {
      unsafe value = try await operation()
      end(.succeeded)
    } catch {
      end(.failed(error))
    }
  }

  /// The value or the error of a task that has ended by `outcome`.
  @inlinable
  func get(_ outcome: TaskOutcome) throws -> Success {
    switch outcome {
    case .failed(let error): throw error
    case .succeeded:
      guard let value = unsafe value else { preconditionFailure("a task has succeeded and left no value") }
      return value
    }
  }

  /// The result, if the task has ended; whoever asks has it.
  var result: Result<Success, any Error>? {
    outcome.map { outcome in Result { try get(outcome) } }
  }

  /// Waits for the result; nil if the waiting task is cancelled before it is there.
  func resultUnlessCancelled() async -> Result<Success, any Error>? {
    await outcomeUnlessCancelled().map { outcome in Result { try get(outcome) } }
  }
}
