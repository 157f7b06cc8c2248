// A stretch of work that can be cancelled by itself.
//
// A task of the language cannot take a cancellation back. So the work of a scope runs as a task of its own, its child, that the
// caller waits for: what is cancelled is the child, and the caller's task goes on.
//
// The child is known from the inside: its first act is to enter its pointer here and its last to take it out, both under the
// lock. Whoever cancels takes a reference to the child under the same lock, and cancels outside of it (a cancellation runs
// the handlers of others, which may come back here). So the pointer is never used after the child's end. A task scope goes on after its body, until its children have ended: then `leave` and `end` are two steps.
//
// Cancelled before the child enters: `enter` finds it, and cancels its own task before the work begins. While it runs: the
// child's task is cancelled. At the instant at which it ends: the lock decides; after `end` the scope says that nothing was
// cancelled. Twice: the first counts. By the timer and by hand at once: the first gives the reason. From any thread: all state is
// under the lock. A timer that is late, of a former deadline or of work that is done, finds that no deadline has passed.
//
// The caller waits for the child's last act here, and not for the task, whose end is a moment later: so a wait is that of any other
// waiter, and the same for all types of values.
//
// Used again: a scope whose work has ended, which was not cancelled, and of which the caller holds the only reference, is kept
// for the next timeout on this thread. Nobody can tell it from a new one: no timer, handler or link knows it, as each would hold it.
//
// The caller's own cancellation is no cancellation of the scope: it is forwarded to the child, unless the scope is a shield.

internal import CAsyncIO
import Synchronization

/// The state of one cancel scope, timeout or task scope.
@usableFromInline
package final class ScopeContext: TaskContext, @unchecked Sendable {
  private struct State {
    /// The child's task while it runs, else 0.
    var child: UInt = 0
    var hasLeft = false
    /// The caller, while it waits for the child.
    var watcher: Waiter?
    var isCancelled = false
    var isExpired = false
    /// Whether a caller waits, so that deadlines need a timer.
    var isWatched = false
    var hasEnded = false
    var deadline: Int64?
    var timer: Alarm?
    /// Counts the deadlines, and the waits for them.
    var generation = 0
    /// What is to be cancelled with the child.
    var onCancel: (@Sendable () -> Void)?
    /// Keeps the timer: the loop of the caller, while it waits.
    var loop: EventLoop?
  }

  private let state: Mutex<State>
  private let left = Atomic<Bool>(false)
  private let shields: Bool
  private let outlivesChild: Bool
  // The next two are changed by `use`, while nobody else has the scope.
  @exclusivity(unchecked) private var beginsCancelled: Bool
  /// When the scope was made, on its loop's clock; 0 where it had no deadline then.
  @exclusivity(unchecked) private var start: Int64

  /// Makes the scope of work that is about to begin, in the current task.
  ///
  /// - Parameters:
  ///   - time: How long the work may take, in nanoseconds; nil for as long as it likes.
  ///   - shields: Whether the caller's cancellation is kept away from the work.
  ///   - outlivesChild: Whether the work goes on when the child has left, until `end`.
  package convenience init(time: Int64? = nil, shields: Bool = false, outlivesChild: Bool = false) {
    let now = time == nil ? 0 : EventLoop.orDefault.now
    let deadline = time.map { now.addingReportingOverflow($0) }
    self.init(
      start: now, deadline: deadline.map { $0.overflow ? .max : $0.partialValue }, shields: shields,
      outlivesChild: outlivesChild)
  }

  /// Makes the scope of work that must end at `deadline`, in nanoseconds on the loop's clock.
  package convenience init(deadline: Int64, shields: Bool = false) {
    self.init(start: EventLoop.orDefault.now, deadline: deadline, shields: shields, outlivesChild: false)
  }

  private init(start: Int64, deadline: Int64?, shields: Bool, outlivesChild: Bool) {
    unsafe self.start = start
    self.shields = shields
    self.outlivesChild = outlivesChild
    unsafe beginsCancelled = !shields && TaskIdentity.currentAndCancellation.isCancelled
    state = Mutex(State(deadline: deadline))
    super.init(parent: .currentLink)
  }

  package override var isShield: Bool { shields }
  package override var ownDeadline: Int64? { state.withLock { $0.deadline } }

  /// Whether the child may be made without an executor preference.
  @usableFromInline package var startsPlainly: Bool { !EventLoop.needsPreference }

  // MARK: The child

  /// Says that the current task does the scope's work from here on.
  @usableFromInline
  package func enter() {
    let task = unsafe UInt(bitPattern: casyncio_current_task())
    let isCancelled = state.withLock { state in
      state.child = task
      // Time that was over before the work began cancels it as a timer would.
      if !state.isCancelled, let deadline = state.deadline, unsafe deadline <= start {
        state.isCancelled = true
        state.isExpired = true
        reason = .deadline
      }
      return state.isCancelled
    }
    if unsafe isCancelled || beginsCancelled {
      unsafe withUnsafeCurrentTask { task in unsafe task?.cancel() }
    }
    bind()
  }

  /// Says that the current task has done its part, which is all of the work unless the scope outlives it.
  @usableFromInline
  package func leave() {
    unbind()
    let watcher = state.withLock { state in
      state.child = 0
      state.hasLeft = true
      state.hasEnded = !outlivesChild
      return state.watcher.take()
    }
    left.store(true, ordering: .releasing)
    watcher?.finish(.woken)
  }

  /// Whether the child has done its part.
  @usableFromInline package var isLeft: Bool { left.load(ordering: .acquiring) }

  /// Says that the work of a scope that outlives its child is done.
  package func end() { state.withLock { $0.hasEnded = true } }

  // MARK: Cancelling

  /// Whether the scope itself was cancelled, by hand or by its deadline, before its work was done.
  package var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Whether the deadline passed before the work was done.
  package var isExpired: Bool { state.withLock { $0.isExpired } }

  /// Has `action` called when the work is cancelled, by the scope or by its caller, perhaps more than once.
  package func onCancel(_ action: @escaping @Sendable () -> Void) {
    state.withLock { $0.onCancel = action }
  }

  /// Cancels the work; false if it was cancelled before, or is done.
  @discardableResult
  package func cancel(_ reason: CancellationReason) -> Bool {
    cancelChild { state in
      guard !state.isCancelled, !state.hasEnded else { return false }
      state.isCancelled = true
      self.reason = reason
      return true
    }
  }

  /// Passes the caller's cancellation on to the work.
  @usableFromInline
  package func forwardCancellation() {
    if !shields { cancelChild { _ in true } }
  }

  @discardableResult
  private func cancelChild(if decide: (inout State) -> Bool) -> Bool {
    let (isDecided, child, action) = state.withLock {
      state -> (Bool, Task<Void, Never>?, (@Sendable () -> Void)?) in
      guard decide(&state) else { return (false, nil, nil) }
      // Entered by the child itself, which has not ended: see the head of this file. Any task is one pointer.
      let child = state.child == 0 ? nil : unsafe unsafeBitCast(state.child, to: Task<Void, Never>.self)
      return (true, child, state.onCancel)
    }
    if let child {
      child.cancel()
      tell()
    }
    action?()
    return isDecided
  }

  // MARK: Time

  /// Waits until the child has left, beside a timer for the deadline; the current task's cancellation is passed on.
  @usableFromInline
  package func waitUntilLeft() async {
    let waiter = Waiter()
    guard watch(waiter) else { return }
    let handler = CancellationHandler(forwardingTo: self)
    await waiter.waitUnnoted()
    handler.remove()
    unwatch()
  }

  /// Begins to watch the deadline; false if the child has left.
  private func watch(_ waiter: Waiter) -> Bool {
    let (isNeeded, hasTimer) = state.withLock { state -> (Bool, Bool) in
      guard !state.hasLeft else { return (false, false) }
      state.watcher = waiter
      state.isWatched = true
      state.loop = .orDefault
      return (true, state.deadline != nil)
    }
    if hasTimer { setTimer() }
    return isNeeded
  }

  /// Removes what `watch` has set.
  private func unwatch() {
    let timer = state.withLock { state in
      state.isWatched = false
      state.loop = nil
      state.generation += 1
      return state.timer.take()
    }
    timer?.cancel()
  }

  /// Replaces the deadline; false if the scope was cancelled or its work is done.
  package func reschedule(to deadline: Int64?) -> Bool {
    let (isActive, former) = state.withLock { state -> (Bool, Alarm?) in
      guard !state.isCancelled, !state.hasEnded else { return (false, nil) }
      state.deadline = deadline
      state.generation += 1
      return (true, state.timer.take())
    }
    former?.cancel()
    if isActive { setTimer() }
    return isActive
  }

  private func setTimer() {
    let wanted = state.withLock { state -> (loop: EventLoop, deadline: Int64, generation: Int)? in
      guard state.isWatched, let loop = state.loop, let deadline = state.deadline else { return nil }
      return (loop, deadline, state.generation)
    }
    guard let wanted else { return }
    guard wanted.deadline > wanted.loop.now else {
      wanted.loop.callSoon { self.expire() }
      return
    }
    let timer = Alarm(at: wanted.deadline, on: wanted.loop, for: self)
    let isStale = state.withLock { state in
      // `watch` and `reschedule` may have set one for the same deadline.
      guard state.generation == wanted.generation, state.timer == nil else { return true }
      state.timer = timer
      return false
    }
    if isStale { timer.cancel() }
  }

  /// Cancels the work if its deadline has passed.
  func expire() {
    cancelChild { state in
      guard state.isWatched, !state.isCancelled, !state.hasEnded, let deadline = state.deadline,
        let loop = state.loop, deadline <= loop.now
      else { return false }
      state.isCancelled = true
      state.isExpired = true
      state.timer = nil
      reason = .deadline
      return true
    }
  }

  // MARK: Using a scope again

  /// The scope of work that may take `time`, in nanoseconds, and is in the current task.
  ///
  /// It is one that was given back on this thread, if there is one: to make and to end it is a tenth of what a timeout costs.
  @usableFromInline
  package static func bounded(by time: Int64) -> ScopeContext {
    guard let core = unsafe LoopCore.current, let scope = unsafe core.pointee.spareScope.take() else {
      return ScopeContext(time: time)
    }
    scope.use(for: time)
    return scope
  }

  private func use(for time: Int64) {
    unsafe start = EventLoop.orDefault.now
    let (deadline, overflow) = unsafe start.addingReportingOverflow(time)
    unsafe beginsCancelled = TaskIdentity.currentAndCancellation.isCancelled
    state.withLock { state in
      state.deadline = overflow ? .max : deadline
      state.hasLeft = false
      state.hasEnded = false
    }
    left.store(false, ordering: .relaxed)
    move(into: .currentLink)
  }

  /// Keeps a scope whose work is done, if it was made by `bounded(by:)`, nobody else has it, and it was not cancelled.
  @usableFromInline
  package static func giveBack(_ scope: consuming ScopeContext) {
    guard let core = unsafe LoopCore.current, unsafe core.pointee.spareScope == nil,
      isKnownUniquelyReferenced(&scope), scope.isAsNew
    else { return }
    scope.move(into: nil)
    unsafe core.pointee.spareScope = scope
  }

  /// Whether the work has ended without having been cancelled, so that nothing tells this scope from a new one.
  private var isAsNew: Bool {
    state.withLock { $0.hasEnded && !$0.isCancelled && !$0.isWatched && $0.onCancel == nil }
  }

  /// How long the work might take, from its beginning to the present deadline.
  package var time: Duration {
    let end = ownDeadline ?? .max
    return unsafe .nanoseconds(end) - .nanoseconds(start)
  }
}
