// One task that waits for one thing to happen once.
//
// A waiter's word is one of
//
//   pending            made, nobody waits yet            → waiting, finished
//   waiting            what resumes the task             → finished; pending, where it was a ticket (Helping.swift)
//   finished(outcome)  decided                           (last; "cancelled late" may be added)
//
// Why it wakes exactly once: the word leaves `waiting` by one exchange in `finish`; whoever performs it holds the
// continuation and resumes it, and every later `finish` finds `finished` and returns false. So "who decided" has
// one answer, and whoever was told true must see to the consequences (hand over an item, a permit) and whoever was
// told false must give what it holds to somebody else.
//
// Cancelled before it waits: the cancellation handler finishes the pending waiter; `wait` then finds `finished` and
// does not suspend. While it waits: the handler resumes it. At the same instant as it is woken: one of the two
// exchanges comes first and decides; the outcome that `wait` returns is that of the winner. After: `finish` returns
// false, and a bit beside the outcome says that the cancellation came while the woken task had not run yet. From another
// thread: the continuation's own resume enqueues the task where it belongs.
// The loop shutting down: whoever waits is resumed by the cancellation of its task.

import Synchronization

/// A one-shot rendezvous between the task that waits and whatever ends the wait, on any threads.
///
/// It is one word large, as there may be a million; one that stands in a queue is a `QueuedWaiter`.
@usableFromInline
@safe package class Waiter: @unchecked Sendable {
  // Sendable: its word is atomic, and subclasses say who may touch what they add.

  /// How a wait ended.
  @usableFromInline
  package enum Outcome: UInt, Sendable {
    /// What was waited for has happened.
    case woken = 1
    /// The waiting task was cancelled.
    case cancelled = 2
    /// What was waited for will never happen.
    case closed = 3
  }

  private static let pending: UInt = 0
  private static let finishedBit: UInt = 1
  private static let outcomeBits: UInt = 6
  private static let cancelledLateBit: UInt = 8

  private let word = Atomic<UInt>(pending)

  /// Makes a waiter that nobody waits on yet.
  @usableFromInline
  package init() {}

  /// Makes a waiter whose wait has ended as one that nobody waits on yet; for whoever holds its only reference.
  final func reset() { word.store(Self.pending, ordering: .relaxed) }

  /// Ends the wait with `outcome`; false if it was ended before.
  @discardableResult
  package final func finish(_ outcome: Outcome) -> Bool {
    guard let continuation = decide(outcome) else { return false }
    if continuation != Self.pending { ReadinessWord.resume(continuation) }
    return true
  }

  /// Ends the wait with `outcome` and leaves the waking to the caller; nil if it was ended before.
  ///
  /// - Returns: What the caller must resume, or 0 if nobody waits yet.
  @inline(__always)
  final func decide(_ outcome: Outcome) -> UInt? {
    let finished = outcome.rawValue << 1 | Self.finishedBit
    var seen = word.load(ordering: .relaxed)
    while true {
      if seen & Self.finishedBit != 0 {
        if outcome == .cancelled { word.bitwiseOr(Self.cancelledLateBit, ordering: .relaxed) }
        return nil
      }
      let (exchanged, original) = word.compareExchange(
        expected: seen, desired: finished, ordering: .acquiringAndReleasing)
      if exchanged { return seen }
      seen = original
    }
  }

  /// How the wait ended, if it has.
  @usableFromInline
  package final var outcome: Outcome? {
    let seen = word.load(ordering: .acquiring)
    return seen & Self.finishedBit != 0 ? Outcome(rawValue: (seen & Self.outcomeBits) >> 1) : nil
  }

  /// Whether the task was cancelled when the wait had been ended but it had not run yet; exact when `wait` has returned.
  @usableFromInline
  package final var wasCancelledLate: Bool {
    word.load(ordering: .relaxed) & Self.cancelledLateBit != 0
  }

  /// Waits for `finish`, or for the task's cancellation; called once.
  ///
  /// - Parameter subject: What is waited for, for people, such as `queue get`.
  /// - Returns: How the wait ended.
  // Inlined, so that it has no frame of its own, nor one at all where the task need not suspend.
  @inlinable
  package final func wait(for subject: StaticString) async -> Outcome {
    let begun = begin(subject, #isolation)
    switch begun.rest {
    case .none: break
    case .parking: await suspendForParking()
    case .continuation: await waitByContinuation()
    }
    return end(begun)
  }

  @usableFromInline
  final func begin(_ subject: StaticString, _ isolation: (any Actor)?) -> BegunWait {
    let noted = WaitingList.begin(subject, self)
    let handler = CancellationHandler(finishing: self)
    return BegunWait(noted: noted, handler: handler, rest: rest(isolation))
  }

  /// What is to be done until `finish`, where a task could park by now.
  @inline(__always)
  private final func rest(_ isolation: (any Actor)?) -> BegunWait.Rest {
    guard let core = unsafe LoopCore.forParking(isolation) else { return .continuation }
    if outcome != nil { return .none }
    return unsafe LoopCore.prepareToPark(in: self, core) ? .parking : .none
  }

  @usableFromInline
  final func end(_ begun: BegunWait) -> Outcome {
    begun.handler.remove()
    WaitingList.end(begun.noted)
    return outcome ?? .woken
  }

  /// Waits for `finish` alone: the task's cancellation does not end it; called once.
  ///
  /// - Parameter subject: What is waited for, for people.
  package final func waitUncancelled(for subject: StaticString) async {
    let noted = WaitingList.begin(subject, self)
    let placed = unsafe LoopCore.current?.pointee.placed
    await waitUnnoted()
    if let placed { unsafe LoopCore.current?.pointee.placed = placed }
    WaitingList.end(noted)
  }

  /// Waits for `finish` alone, where what is waited for says by itself what it waits for; called once.
  @inline(__always)
  final func waitUnnoted() async {
    switch rest(#isolation) {
    case .none: break
    case .parking: await suspendForParking()
    case .continuation: await waitByContinuation()
    }
  }

  // A function of its own, so that its frame is not that of each task that parks.
  @inline(never) @usableFromInline
  final func waitByContinuation() async {
    unsafe await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      unsafe park(continuation)
    }
  }

  /// Publishes a job; false if the wait has ended already.
  @inline(__always)
  final func park(_ job: UInt) -> Bool {
    word.compareExchange(expected: Self.pending, desired: job, ordering: .acquiringAndReleasing).exchanged
  }

  /// Takes back what `park` has published; false if the wait has ended.
  final func takeBack(_ job: UInt) -> Bool {
    word.compareExchange(expected: job, desired: Self.pending, ordering: .acquiringAndReleasing).exchanged
  }

  /// Publishes the continuation, or resumes it if the wait has ended already.
  @inline(__always)
  private final func park(_ continuation: UnsafeContinuation<Void, Never>) {
    let exchanged = unsafe word.compareExchange(
      expected: Self.pending, desired: ReadinessWord.waiting(continuation), ordering: .acquiringAndReleasing
    ).exchanged
    if !exchanged { unsafe continuation.resume() }
  }
}
