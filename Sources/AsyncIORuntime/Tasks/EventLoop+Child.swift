// How our combinators make the tasks that they wait for.
//
// They use tasks of their own rather than the children of a task group: a group keeps its children in a singly linked list
// and walks it whenever one ends, which is quadratic for a million that end in any order. Whoever makes such a task waits
// for it, and cancels it when it is cancelled itself; that is what a child is.

extension EventLoop {
  /// The executor that a new task must prefer to stay on this thread's loop; nil where it stays anyway, or there is none.
  package static var preference: EventLoop? {
    needsPreference ? current : nil
  }

  /// Whether a new task would leave this thread's loop without a preference.
  static var needsPreference: Bool {
    unsafe LoopCore.current != nil && !InstalledExecutors.hasHome
  }

  /// Makes a task that runs at once, on this thread, up to its first suspension.
  package static func makeChild<Result>(
    _ body: sending @escaping () async throws -> Result
  ) -> Task<Result, any Error> {
    // Even a preference for nothing is a record in the task, and a lock at each of its switches.
    guard let preference else { return Task.immediate(operation: { try await body() }) }
    return Task.immediate(executorPreference: preference, operation: { try await body() })
  }

  /// Makes a task that runs at once, as `makeChild` does, without a closure around `body`.
  package static func startChild(
    _ body: @escaping @Sendable @isolated(any) () async throws -> Void
  ) -> Task<Void, any Error> {
    guard let preference else { return Task.immediate(operation: body) }
    return Task.immediate(executorPreference: preference, operation: body)
  }
}
