// One call on a thread of a pool, and the task that waits for it.
//
// The call is a task that prefers the pool's executor (ThreadPool.swift): so it has a copy of the caller's task-local values, and
// its own cancellation is the token that the call can look at.
//
//   queued     the task waits for a thread                          → begun, withdrawn
//   begun      the call is being made                               → ended
//   withdrawn  the caller was cancelled first: it is never made     (last)
//   ended      the outcome is there                                 (last)
//
// The state is under a mutex, and waiters are finished outside of it. Who waits, and why it wakes once: the caller waits on
// `ended`, which is finished by the call's end or by the caller's cancellation, whichever comes first. Cancelled first, it
// either withdraws a queued call, and waits no more; or it cancels the call's task and waits on a second waiter, which nothing
// but the end finishes: it is put into the state under the mutex if the call has not ended, so that the end finds it. Cancelled
// at the same instant as the end or after it: the waiter says that it was woken, and the result is taken.
//
// With `.abandon` the caller waits for a task of the runtime that does all this, and leaves it behind when it is cancelled: the
// runtime owns the task, awaits it at the end of the run, and reports its error.
//
// The value is stored by the call itself, in a box that the caller reads after the end (`CallValue`): so this file is not
// generic, and the code that is can be compiled for the caller's types.
//
// Where time is virtual it stands still until the caller has its result.

import AsyncIORuntime
import Glibc
import Synchronization

/// A call that is made once.
@usableFromInline
final class PoolCall: Sendable {
  private enum State: Sendable {
    case queued
    case begun(late: Waiter?)
    case withdrawn
    case ended((any Error)?)
  }

  private let call: ServingThread.Call
  private let body: @Sendable () throws -> Void
  private let state = Mutex(State.queued)
  private let ended = Waiter()

  /// Describes a call whose `body` keeps its value to itself.
  @usableFromInline
  init(name: String?, fileID: StaticString, line: UInt, _ body: @escaping @Sendable () throws -> Void) {
    call = ServingThread.Call(name: name, fileID: fileID, line: line)
    self.body = body
  }

  /// Makes the call on a thread of `pool`, and waits for its end.
  ///
  /// ## Cancellation
  /// Throws if the call has not begun, and otherwise waits for its end.
  @usableFromInline
  func perform(on pool: ThreadPool) async throws {
    try Task.checkCancellation()
    let loop = EventLoop.current
    loop?.beginOutsideWork()
    defer { loop?.endOutsideWork() }
    let task = Task(name: call.name, executorPreference: pool) { self.make() }
    if await ended.wait(for: "a blocking call") == .cancelled {
      task.cancel()
      await waitToTheEnd()
    }
    switch state.withLock({ $0 }) {
    case .ended(nil): break
    case .ended(let error?): throw error
    case .withdrawn: throw CancellationError()
    case .queued, .begun: preconditionFailure("\(call) was reported as ended and has not")
    }
  }

  /// Makes the call on a thread of `pool`, and waits for its end or for the caller's cancellation.
  ///
  /// ## Cancellation
  /// Throws at once and cancels the call's own task.
  @usableFromInline
  func performUnlessCancelled(on pool: ThreadPool) async throws {
    try Task.checkCancellation()
    let task = createTask(name: call.name, fileID: call.fileID, line: call.line) {
      try await self.perform(on: pool)
    }
    guard let result = await task.core.resultUnlessCancelled() else {
      task.cancel()
      throw CancellationError()
    }
    try result.get()
  }

  /// Withdraws the call if it has not begun, and otherwise waits for its end.
  private func waitToTheEnd() async {
    let waiter: Waiter? = state.withLock { state in
      switch state {
      case .queued: state = .withdrawn
      case .begun:
        let waiter = Waiter()
        state = .begun(late: waiter)
        return waiter
      case .withdrawn, .ended: break
      }
      return nil
    }
    await waiter?.waitUncancelled(for: "a blocking call")
  }

  /// Makes the call, on a thread of the pool; or where the pool has none, to find that out.
  private func make() {
    let isWanted = state.withLock { state in
      guard case .queued = state else { return false }
      state = .begun(late: nil)
      return true
    }
    guard isWanted else { return }
    do {
      guard let thread = ServingThread.current else {
        throw IOError(.system, errno: EAGAIN, operation: "pthread_create")
      }
      try thread.make(call, body)
      end(nil)
    } catch {
      end(error)
    }
  }

  private func end(_ error: (any Error)?) {
    let late: Waiter? = state.withLock { state in
      defer { state = .ended(error) }
      if case .begun(let late) = state { return late }
      return nil
    }
    ServingThread.current?.finishCall()
    ended.finish(.woken)
    late?.finish(.woken)
  }
}

/// What a call returns: written once by the call's thread, before its end, and read after that.
@usableFromInline
final class CallValue<Value: Sendable>: @unchecked Sendable {
  // Sendable: the mutex of the call's state is between the writing and the reading.
  @usableFromInline var value: Value?

  @inlinable
  init() {}
}
