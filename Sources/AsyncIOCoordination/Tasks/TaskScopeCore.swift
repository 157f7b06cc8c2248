// The inside of a task scope: who its children are, what went wrong, who waits for the last of them.
//
// A child is put into the table before its task exists, and taken out when nothing of it runs any more, both under the lock; the
// scope is closed under the same lock at the moment at which its body has ended and the table is empty. So no child outlives the
// scope, and none is added to one that has ended.
//
// The first failure cancels the scope: body and children. A child that is added at that instant is either in the table then, and
// cancelled with the others, or finds the scope cancelled under the lock and does not start. The cancellation itself is done
// outside of the lock, as it runs the handlers of others.
//
// An eager child may fail inside `createTask`: its creator is cancelled by the loop's next callback, and not in the middle of
// its own code (asyncio gh-128550).

import AsyncIORuntime
import Synchronization

/// The state of a task scope.
@usableFromInline
final class TaskScopeCore: TaskOwner {
  private struct State {
    /// Children that have not ended; a free place is nil.
    var children: [TaskRecord?] = []
    var freePlaces: [Int] = []
    var count = 0
    /// The children were cancelled, and no more start.
    var isCancelled: Bool
    var isClosed = false
    var errors: [any Error] = []
    /// The boxes of the errors.
    var boxes: Set<UInt> = []
    /// The caller, when it waits for the last child.
    var waiter: Waiter?
  }

  let context: ScopeContext
  private let isSupervisor: Bool
  private let state: Mutex<State>

  init(isSupervisor: Bool) {
    self.isSupervisor = isSupervisor
    state = Mutex(State(isCancelled: Task.isCancelled))
    context = ScopeContext(outlivesChild: true)
    // The context is used by children only, which keep the core alive.
    context.onCancel { [weak self] in self?.cancelChildren() }
  }

  var count: Int { state.withLock { $0.count } }
  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// What went wrong: nothing, one error, or a group of them.
  var error: (any Error)? { ErrorGroup.combining(state.withLock { $0.errors }) }

  // MARK: Children

  /// Takes a child in; false if the scope was cancelled.
  func add(_ child: TaskRecord) -> Bool {
    state.withLock { state in
      precondition(
        !state.isClosed,
        "\(child) was created on a task scope that has ended: create it before the body and all tasks of the scope have ended"
      )
      guard !state.isCancelled else { return false }
      state.count += 1
      if let place = state.freePlaces.popLast() {
        child.place = place
        state.children[place] = child
      } else {
        child.place = state.children.count
        state.children.append(child)
      }
      return true
    }
  }

  var seesToErrors: Bool { !isSupervisor }

  func childFailed(_ error: any Error) { fail(error) }

  func childLeft(_ child: TaskRecord) {
    let waiter: Waiter? = state.withLock { state in
      guard let place = child.place else { return nil }
      state.children[place] = nil
      state.freePlaces.append(place)
      state.count -= 1
      return state.count == 0 ? state.waiter.take() : nil
    }
    waiter?.finish(.woken)
  }

  private func cancelChildren() {
    let children: [TaskRecord?] = state.withLock { state in
      // Once is enough: none has been added since.
      guard !state.isCancelled else { return [] }
      state.isCancelled = true
      return state.children
    }
    for case let child? in children { child.cancel() }
  }

  // MARK: Ending

  /// The body has thrown.
  func bodyFailed(_ error: any Error) {
    if error is CancellationError { context.cancel(.failure(error)) } else { fail(error) }
  }

  private func fail(_ error: any Error) {
    // An existential error is a reference to a box. The body, or a child, may throw what it has got from the handle of another
    // child: one error, and not two. (Without the cast, the compiler opens the box and passes what is in it.)
    let box = unsafe unsafeBitCast(error as any Error, to: UInt.self)
    state.withLock { state in
      if state.boxes.insert(box).inserted { state.errors.append(error) }
    }
    context.cancel(.failure(error))
  }

  /// Waits until all children have ended, and takes no more.
  ///
  /// - Returns: Whether the caller was cancelled while it waited.
  func close() async -> Bool {
    var isInterrupted = false
    while let waiter = lastChildWaiter() {
      await withTaskCancellationHandler {
        await waiter.waitUncancelled(for: "the tasks of a scope to end")
      } onCancel: {
        context.forwardCancellation()
      }
      isInterrupted = isInterrupted || Task.isCancelled
    }
    context.end()
    return isInterrupted
  }

  private func lastChildWaiter() -> Waiter? {
    state.withLock { state in
      guard state.count > 0 else {
        state.isClosed = true
        return nil
      }
      let waiter = Waiter()
      state.waiter = waiter
      return waiter
    }
  }
}
