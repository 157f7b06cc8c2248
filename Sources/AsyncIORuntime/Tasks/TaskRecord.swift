// What is known of a task that was made through our API: who it is, where it was made, what became of it.
//
// A record is made with its task and stays in the registry until the task has ended. Its state is one atomic byte that
// only the task itself changes, so that anybody may look at any time.

import Synchronization

/// A task's entry in the registry.
package final class TaskRecord: TaskContext, @unchecked Sendable, CustomStringConvertible {
  // Sendable: the links belong to the registry and are guarded by its lock; the rest is constant or atomic.

  /// What a task is doing.
  package enum State: UInt8, AtomicRepresentable, Sendable {
    /// Made, not started.
    case scheduled
    /// Started, not ended; it may be suspended.
    case running
    /// Ended.
    case finished
  }

  /// The record of the current task, if it was made through our API.
  package static var currentRecord: TaskRecord? { TaskContext.current?.record }

  package let id: UInt64
  package let name: String?
  /// Where the task was made: module, file and line.
  package let fileID: StaticString
  package let line: UInt
  /// The loop that the task was made on.
  package let loop: EventLoop
  /// Whether the end of a run leaves it alone until the other tasks have ended, as they may need what it makes.
  package let endsLast: Bool
  private let stateWord = Atomic<State>(.scheduled)
  private let cancellation = Mutex(Cancellation.unknown)
  private let identityWord = Atomic<UInt>(0)

  /// Where the scope that owns the task keeps it; guarded by the scope's lock.
  package var place: Int?

  // The registry's doubly linked list.
  var previous: TaskRecord?
  unowned(unsafe) var next: TaskRecord?

  private static let lastID = Atomic<UInt64>(0)

  /// Makes the record of a task that is about to be made.
  ///
  /// `parent` is the scope that owns the task; nil if the runtime does.
  package init(
    name: String?, fileID: StaticString, line: UInt, loop: EventLoop, parent: TaskContext? = nil,
    endsLast: Bool = false
  ) {
    id = Self.lastID.add(1, ordering: .relaxed).newValue
    self.name = name
    self.fileID = fileID
    self.line = line
    self.loop = loop
    self.endsLast = endsLast
    super.init(parent: parent)
  }

  package override var record: TaskRecord? { self }

  /// How to cancel the task.
  ///
  /// A record is in the registry before its task exists, so that the task cannot end first.
  private enum Cancellation {
    /// The task is being made → known, requested.
    case unknown
    /// What cancels the task (last).
    case known(@Sendable () -> Void)
    /// Somebody has cancelled a task that is being made → known.
    case requested
  }

  /// Cancels the task, now or as soon as it exists.
  ///
  /// - Parameter reason: Why; nil where the scope around it says so.
  package func cancel(_ reason: CancellationReason? = nil) {
    if let reason { self.reason = reason }
    let action: (@Sendable () -> Void)? = cancellation.withLock { cancellation in
      if case .known(let action) = cancellation { return action }
      cancellation = .requested
      return nil
    }
    if let action { perform(action) }
  }

  private func perform(_ cancel: @Sendable () -> Void) {
    cancel()
    tell()
  }

  /// Says how to cancel the task, once it exists.
  package func setCancellation(_ action: @escaping @Sendable () -> Void) {
    let isRequested = cancellation.withLock { cancellation in
      defer { cancellation = .known(action) }
      if case .requested = cancellation { return true }
      return false
    }
    if isRequested { perform(action) }
  }

  package var state: State {
    get { stateWord.load(ordering: .acquiring) }
    set {
      // The task itself says that it runs.
      if newValue == .running {
        identityWord.store(TaskIdentity.current?.word ?? 0, ordering: .relaxed)
      }
      stateWord.store(newValue, ordering: .releasing)
    }
  }

  /// Which of the process's tasks this is, once it runs.
  package var identity: TaskIdentity? { TaskIdentity(word: identityWord.load(ordering: .relaxed)) }

  /// The name and the place, such as `task 'fetcher' (App/Main.swift:12)`.
  package var description: String {
    "task \(name.map { "'\($0)'" } ?? "#\(id)") (\(fileID):\(line))"
  }
}
