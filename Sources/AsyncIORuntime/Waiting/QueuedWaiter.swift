// A waiter that can stand in a queue, and the wake-ups that a change of the queue's primitive has decided.

/// What a queue needs of a waiter: links to its neighbours.
@usableFromInline
@safe package class LinkedWaiter: Waiter, @unchecked Sendable {
  // Sendable: the links and `isLinked` are guarded by the lock of the queue's primitive. Once the waiter has been
  // decided and taken out, `next` and `continuation` belong to the `WakeUps` that it is in.
  final unowned(unsafe) var next: LinkedWaiter?
  final unowned(unsafe) var previous: LinkedWaiter?
  final var isLinked = false
  /// What resumes the waiting task.
  final var continuation: UInt = 0

  @usableFromInline
  package override init() {
    unsafe next = nil
    unsafe previous = nil
    super.init()
  }
}

/// A waiter in a `WaitQueue`, with what it asks for or what it is given.
@usableFromInline
@safe package final class QueuedWaiter<Payload>: LinkedWaiter, @unchecked Sendable {
  // Sendable: the payload is touched under the lock of the queue's primitive until the waiter is decided, and by the
  // waiting task alone afterwards.
  @usableFromInline package final var payload: Payload

  /// Makes a waiter that stands in no queue yet.
  @inlinable
  package init(_ payload: Payload) {
    self.payload = payload
    super.init()
  }
}

/// Tasks that were woken under a lock, to be resumed when it has been released.
///
/// They are chained through their waiters, which live on: none of these tasks can run before it is resumed.
@usableFromInline
@safe package struct WakeUps: @unchecked Sendable {
  // Sendable: belongs to whoever has decided the wake-ups.
  private unowned(unsafe) var first: LinkedWaiter?
  private unowned(unsafe) var last: LinkedWaiter?

  @usableFromInline
  package init() {
    unsafe first = nil
    unsafe last = nil
  }

  /// Adds a waiter that is in no queue any more.
  mutating func append(_ waiter: LinkedWaiter, _ continuation: UInt) {
    waiter.continuation = continuation
    unsafe waiter.next = nil
    if let last = unsafe last { unsafe last.next = waiter } else { unsafe first = waiter }
    unsafe last = waiter
  }

  /// Resumes the tasks, in the order in which they were woken; to be called once, without the lock.
  @usableFromInline
  package func resume() {
    var rest = unsafe first
    while let waiter = rest {
      // The task may end, and its waiter with it, as soon as it is resumed.
      rest = unsafe waiter.next
      ReadinessWord.resume(waiter.continuation)
    }
  }
}
