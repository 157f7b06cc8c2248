// The readiness handshake: start a task and go on when it says that it is ready (trio's `nursery.start` and
// `task_status.started`).
//
// Until the child is ready it belongs to whoever called `start`: its error is thrown there, and the caller's cancellation cancels
// it. From then on it is a child of the scope like any other. The lock decides between "ready", "failed" and "the caller was
// cancelled": the first counts.

import AsyncIORuntime
import Synchronization

extension TaskScope {
  /// Starts `operation` as a task of this scope, and returns when it says that it is ready.
  ///
  /// ```swift
  /// let port = try await scope.start { ready in
  ///   let listener = try TCPListener(port: 0)
  ///   ready(listener.port)
  ///   try await listener.serve { … }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - name: For people, in reports.
  ///   - fileID: Where the task is made; not to be given.
  ///   - line: Where the task is made; not to be given.
  ///   - operation: Calls what it is given once, with what the caller waits for.
  /// - Returns: What the operation said when it was ready.
  /// - Throws: What the operation throws before it is ready, which then does not disturb the scope; `TaskScopeError` when it ends
  ///   without having been ready; `CancellationError` when the caller or the scope is cancelled.
  /// - Complexity: O(1).
  ///
  /// ## Cancellation
  /// Cancels the operation and waits for its end, unless it is ready already: then it goes on in the scope.
  public func start<Value: Sendable>(
    name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line,
    _ operation: @escaping @Sendable (ReadySignal<Value>) async throws -> Void
  ) async throws -> Value {
    let waiter = Waiter()
    let handshake = Handshake<Value>(waiter)
    let task = createTask(name: name, fileID: fileID, line: line) {
      do {
        try await operation(ReadySignal(handshake: handshake))
        handshake.end()
      } catch {
        if !handshake.keep(error) { throw error }
      }
    }
    if task.core.add(waiter) {
      let outcome = await waiter.wait(for: "a task to say that it is ready")
      task.core.remove(waiter)
      if outcome == .cancelled, handshake.abandon() { task.cancel() }
    }
    if let value = handshake.value { return value }
    let outcome = await task.core.finalOutcome()
    if let error = handshake.error { throw error }
    // It was cancelled before it began, or has left without a word.
    if case .failed(let error) = outcome { throw error }
    if Task.isCancelled || isCancelled { throw CancellationError() }
    throw TaskScopeError(.neverReady, "\(task.core.record) ended without having called its ready signal")
  }
}

/// Given to the operation of `TaskScope.start`, to be called once when it is ready.
public struct ReadySignal<Value: Sendable>: Sendable {
  fileprivate let handshake: Handshake<Value>

  /// Lets `start` return `value`.
  ///
  /// A second call is a mistake and traps. If the caller of `start` was cancelled meanwhile, the value is not used.
  public func callAsFunction(_ value: Value) { handshake.succeed(value) }
}

extension ReadySignal where Value == Void {
  /// Lets `start` return.
  public func callAsFunction() { handshake.succeed(()) }
}

/// A mistake in the use of a task scope.
public struct TaskScopeError: Error, Sendable, CustomStringConvertible {
  /// What went wrong.
  public enum Code: Sendable {
    /// A task that was started with `start` ended without having said that it is ready.
    case neverReady
  }

  /// What went wrong.
  public let code: Code
  /// A sentence for people.
  public let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The sentence.
  public var description: String { message }
}

/// What the child has said to the caller of `start`.
private final class Handshake<Value: Sendable>: Sendable {
  private enum State: Sendable {
    /// Nothing yet → ready, failed, ended, abandoned.
    case silent
    /// The child belongs to the scope (last).
    case ready(Value)
    /// The child threw before it was ready (last).
    case failed(any Error)
    /// The child has left without a word (last).
    case ended
    /// The caller was cancelled, and waits for the child's end → failed.
    case abandoned
  }

  private let state = Mutex(State.silent)
  private let waiter: Waiter

  init(_ waiter: Waiter) { self.waiter = waiter }

  func succeed(_ value: Value) {
    let isInTime = state.withLock { state in
      switch state {
      case .silent:
        state = .ready(value)
        return true
      case .ready: preconditionFailure("a ready signal was called twice: a task is ready once")
      case .failed, .ended, .abandoned: return false
      }
    }
    if isInTime { waiter.finish(.woken) }
  }

  /// Keeps an error for the caller; false if the child was ready before.
  func keep(_ error: any Error) -> Bool {
    state.withLock { state in
      if case .ready = state { return false }
      state = .failed(error)
      return true
    }
  }

  /// Says that the child has left without an error.
  func end() {
    state.withLock { state in
      if case .silent = state { state = .ended }
    }
  }

  /// Says that the caller goes as soon as the child has ended; false if it was ready or has ended before.
  func abandon() -> Bool {
    state.withLock { state in
      guard case .silent = state else { return false }
      state = .abandoned
      return true
    }
  }

  var value: Value? { state.withLock { if case .ready(let value) = $0 { value } else { nil } } }
  var error: (any Error)? { state.withLock { if case .failed(let error) = $0 { error } else { nil } } }
}
