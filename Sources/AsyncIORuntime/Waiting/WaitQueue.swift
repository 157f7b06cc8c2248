// Who waits for one primitive, in the order in which they came.
//
// A primitive keeps its queue in its mutex, together with what it guards. To wait, a task appends a waiter under the
// lock, at the same look that finds nothing to take, and suspends after it. To wake, whoever changes the state takes
// the first waiter out under the lock, gives it what it waits for (the payload, a permit that nobody else will see),
// decides it, and resumes it after the lock: a task that comes in between finds what was given away gone. That is
// the hand-over; nobody barges in.
//
// Who owns the waiters: the tasks that wait. The queue's links retain nothing. A task leaves `wait` only when its
// waiter has been decided: by whoever wakes it, who has taken it out of the queue before; or by its cancellation,
// and then the task takes it out itself, under the lock, before it lets go of it. So a link always points to a
// living waiter. After a decision that finds the task not yet suspended the waiter may be gone at once: whoever
// wakes does not touch it again, and has written the payload before.
//
// Why no wake-up is lost or doubled: a waiter is decided by one exchange (Waiter.swift). If the waker's exchange
// comes first, the waiter has what it was given, and a cancellation after that is told by `wasCancelledLate`: the
// primitive decides whether the task keeps it or hands it on. If the cancellation's comes first, `wake` says false
// and the waker turns to the next one. A cancelled waiter stands in the queue until its task has run, or until a
// waker comes across it at the front.
//
// Removing a cancelled waiter takes two links, however many there are. Whoever removes one that others stand behind
// must look whether the next can be served now, where that depends on more than being the first (permits by weight).

/// The FIFO queue of those who wait for one primitive; to be kept in its mutex.
///
/// - Complexity: Each operation is O(1), `wakeAll` O(1) for each waiter; `first` amortised.
@usableFromInline
@safe package struct WaitQueue<Payload>: ~Copyable {
  @usableFromInline var line = WaitLine()

  /// Makes an empty queue.
  @inlinable
  package init() {}

  /// How many stand in the queue; those that were cancelled and have not run since are counted.
  @inlinable
  package var count: Int { line.count }

  /// Appends a waiter that is in no queue and not finished.
  @inlinable
  package mutating func append(_ waiter: QueuedWaiter<Payload>) { line.append(waiter) }

  /// Puts a waiter that is in no queue and not finished ahead of all others: for one that was there before, and was given what
  /// it could not use.
  @inlinable
  package mutating func prepend(_ waiter: QueuedWaiter<Payload>) { line.prepend(waiter) }

  /// The first one that still waits; cancelled ones in front of it are taken out.
  @inlinable
  package var first: QueuedWaiter<Payload>? {
    mutating get {
      // Only `append` puts waiters in, and its parameter has this type.
      line.findFirst().map { unsafe unsafeDowncast($0, to: QueuedWaiter<Payload>.self) }
    }
  }

  /// Whether nobody waits any more.
  @inlinable
  package var isEmpty: Bool {
    mutating get { line.count == 0 || !line.dropFinished() }
  }

  /// Takes `waiter` out and wakes it.
  ///
  /// - Parameters:
  ///   - waiter: One of this queue. It must not be touched afterwards; its payload is written before.
  ///   - outcome: What its wait is told.
  ///   - wakeUps: Where the wake-up is noted, to be resumed without the lock.
  /// - Returns: False if it was cancelled first, so that the next one is to be tried.
  @inlinable
  package mutating func wake(
    _ waiter: QueuedWaiter<Payload>, _ outcome: Waiter.Outcome = .woken, into wakeUps: inout WakeUps
  ) -> Bool {
    line.wake(waiter, outcome, into: &wakeUps)
  }

  /// Wakes the first one that still waits; false if nobody does.
  @inlinable
  package mutating func wakeFirst(_ outcome: Waiter.Outcome = .woken, into wakeUps: inout WakeUps) -> Bool {
    line.wakeFirst(outcome, into: &wakeUps)
  }

  /// Wakes all, in order.
  @inlinable
  package mutating func wakeAll(_ outcome: Waiter.Outcome = .woken, into wakeUps: inout WakeUps) {
    while line.wakeFirst(outcome, into: &wakeUps) {}
  }

  /// Takes a cancelled waiter out, if nobody has done so before.
  @inlinable
  package mutating func remove(_ waiter: QueuedWaiter<Payload>) { line.remove(waiter) }
}

/// A doubly linked list of waiters, of whatever payload.
@usableFromInline
@safe struct WaitLine: ~Copyable {
  private typealias Link = Unmanaged<LinkedWaiter>

  private var head: Link?
  private var tail: Link?
  @usableFromInline private(set) var count = 0

  @usableFromInline
  init() {
    unsafe head = nil
    unsafe tail = nil
  }

  /// The first that still waits, which stays; takes out those before it that were cancelled.
  @usableFromInline
  mutating func findFirst() -> LinkedWaiter? {
    dropFinished() ? unsafe head?.takeUnretainedValue() : nil
  }

  /// Takes out those at the front that were cancelled; whether anybody is left, who still waits then.
  @usableFromInline
  mutating func dropFinished() -> Bool {
    while let link = unsafe head {
      guard unsafe link._withUnsafeGuaranteedRef({ $0.outcome }) != nil else { return true }
      unsafe unlink(link)
    }
    return false
  }

  @usableFromInline
  mutating func append(_ waiter: LinkedWaiter) {
    unsafe precondition(!waiter.isLinked, "a waiter stands in one queue at a time")
    let link = unsafe Link.passUnretained(waiter)
    unsafe waiter.isLinked = true
    unsafe waiter.previous = tail
    unsafe waiter.next = nil
    if let tail = unsafe tail {
      unsafe tail._withUnsafeGuaranteedRef { unsafe $0.next = link }
    } else {
      unsafe head = link
    }
    unsafe tail = link
    count &+= 1
  }

  @usableFromInline
  mutating func prepend(_ waiter: LinkedWaiter) {
    unsafe precondition(!waiter.isLinked, "a waiter stands in one queue at a time")
    let link = unsafe Link.passUnretained(waiter)
    unsafe waiter.isLinked = true
    unsafe waiter.previous = nil
    unsafe waiter.next = head
    if let head = unsafe head {
      unsafe head._withUnsafeGuaranteedRef { unsafe $0.previous = link }
    } else {
      unsafe tail = link
    }
    unsafe head = link
    count &+= 1
  }

  @usableFromInline
  mutating func remove(_ waiter: LinkedWaiter) {
    if unsafe waiter.isLinked { unsafe unlink(Link.passUnretained(waiter)) }
  }

  @usableFromInline
  mutating func wake(_ waiter: LinkedWaiter, _ outcome: Waiter.Outcome, into wakeUps: inout WakeUps) -> Bool {
    unsafe wake(Link.passUnretained(waiter), outcome, &wakeUps)
  }

  @usableFromInline
  mutating func wakeFirst(_ outcome: Waiter.Outcome, into wakeUps: inout WakeUps) -> Bool {
    while let link = unsafe head {
      if unsafe wake(link, outcome, &wakeUps) { return true }
    }
    return false
  }

  @inline(__always)
  private mutating func wake(_ link: Link, _ outcome: Waiter.Outcome, _ wakeUps: inout WakeUps) -> Bool {
    unsafe unlink(link)
    guard let continuation = unsafe link._withUnsafeGuaranteedRef({ $0.decide(outcome) }) else {
      return false
    }
    if continuation != 0 { unsafe wakeUps.append(link, continuation) }
    return true
  }

  @inline(__always)
  private mutating func unlink(_ link: Link) {
    let (previous, next) = unsafe link._withUnsafeGuaranteedRef { waiter in
      unsafe waiter.isLinked = false
      return unsafe (waiter.previous, waiter.next)
    }
    count &-= 1
    if let next = unsafe next {
      unsafe next._withUnsafeGuaranteedRef { unsafe $0.previous = previous }
    } else {
      unsafe tail = previous
    }
    if let previous = unsafe previous {
      unsafe previous._withUnsafeGuaranteedRef { unsafe $0.next = next }
    } else {
      unsafe head = next
    }
  }
}
