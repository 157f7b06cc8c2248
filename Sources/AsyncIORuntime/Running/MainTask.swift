// The main task of a run, and the box that its result comes in.
//
// The task stores the result, then raises `done`, then wakes the loop: the driving thread, which asks for `done` before each
// turn, sees the result. The task may have moved to another loop of the run by then.

import Synchronization

/// The task that a runner waits for.
final class MainTask<Result: Sendable>: Sendable {
  private let loop: EventLoop
  private let done = Atomic<Bool>(false)
  private let result = Mutex<Swift.Result<Result, any Error>?>(nil)
  private let task = Mutex<Task<Void, Never>?>(nil)
  private let place = WaitingPlace()

  init(_ loop: EventLoop) { self.loop = loop }

  var isDone: Bool { done.load(ordering: .acquiring) }

  /// Makes the task, which starts when the loop is driven.
  func start(_ body: @escaping @Sendable () async throws -> Result, installed: Bool) {
    let started = loop.makeTask(name: "main", installed: installed) { [self] in
      loop.mainTask.store(TaskIdentity.current?.word ?? 0, ordering: .relaxed)
      let outcome: Swift.Result<Result, any Error>
      place.bindPlace()
      do {
        outcome = .success(try await body())
      } catch {
        outcome = .failure(error)
      }
      place.unbindPlace()
      result.withLock { $0 = outcome }
      loop.mainTask.store(0, ordering: .relaxed)
      done.store(true, ordering: .releasing)
      loop.wake()
    }
    task.withLock { $0 = started }
  }

  func cancel() {
    task.withLock { $0 }?.cancel()
    place.tell()
  }

  func takeResult() -> Swift.Result<Result, any Error> {
    result.withLock { $0 } ?? .failure(EventLoopError(.closed, "the loop was stopped before main had ended"))
  }
}

extension EventLoop {
  /// Makes a task that starts on this loop, under the language or by preference.
  package func makeTask(
    name: String?, installed: Bool? = nil, _ body: @escaping @Sendable () async -> Void
  ) -> Task<Void, Never> {
    // On the home loop a plain task is there already, and saves the comparisons of a preference.
    let isThere = installed ?? (isCurrent && InstalledExecutors.home != nil)
    return isThere
      ? Task(name: name) { await body() }
      : Task(name: name, executorPreference: self) { await body() }
  }
}
