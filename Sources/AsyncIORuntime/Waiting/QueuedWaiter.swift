// A waiter that can stand in a queue, and the wake-ups that a change of the queue's primitive has decided.
//
// Used again: to make and to free a waiter would be a tenth of what a wait costs. So a task whose wait has ended keeps its waiter for
// the next one that waits on this thread. Only its sole holder does: it stands in no queue, its task's cancellation handler
// has been removed, and whoever has woken it let go of it before the task ran, or has a reference that the look finds.

/// What a queue needs of a waiter: links to its neighbours.
///
/// The links are not checked for exclusive access, as no access to one spans a call; see WaitQueue.swift for who owns whom.
@usableFromInline
@safe package class LinkedWaiter: Waiter, @unchecked Sendable {
  // Sendable: the links and `isLinked` are guarded by the lock of the queue's primitive. Once the waiter has been decided and
  // taken out, `next` and `continuation` belong to the `WakeUps` that it is in.
  @exclusivity(unchecked) final var next: Unmanaged<LinkedWaiter>?
  @exclusivity(unchecked) final var previous: Unmanaged<LinkedWaiter>?
  @exclusivity(unchecked) final var isLinked = false
  /// What resumes the waiting task.
  @exclusivity(unchecked) final var continuation: UInt = 0

  @usableFromInline
  package override init() {
    unsafe next = nil
    unsafe previous = nil
    super.init()
  }

  /// Takes the waiter that was kept last on this thread, if it is of that type.
  @usableFromInline
  static func takeSpare(_ type: ObjectIdentifier) -> LinkedWaiter? {
    guard let core = unsafe LoopCore.current else { return nil }
    return unsafe core.pointee.spareWaiters.take(type)
  }

  /// Keeps a waiter for the next one that waits on this thread.
  @usableFromInline
  static func keep(_ waiter: consuming LinkedWaiter) {
    guard let core = unsafe LoopCore.current, isKnownUniquelyReferenced(&waiter) else { return }
    unsafe core.pointee.spareWaiters.keep(waiter)
  }
}

/// A waiter in a `WaitQueue`, with what it asks for or what it is given.
@usableFromInline
@safe package final class QueuedWaiter<Payload>: LinkedWaiter, @unchecked Sendable {
  // Sendable: the payload is touched under the lock of the queue's primitive until the waiter is decided, and by the waiting
  // task alone afterwards.
  @exclusivity(unchecked) @usableFromInline final var stored: Payload

  /// What it asks for, or is given.
  // By way of a function, as other modules would check the stored property for exclusive access all the same.
  @inlinable
  package final var payload: Payload {
    get { unsafe stored }
    set { unsafe stored = newValue }
  }

  /// Makes a waiter that stands in no queue yet.
  @inlinable
  package init(_ payload: Payload) {
    unsafe stored = payload
    super.init()
  }

  /// A waiter that stands in no queue yet: the one that was kept on this thread, or a new one.
  @inlinable
  package static func take(_ payload: Payload) -> QueuedWaiter {
    guard let spare = takeSpare(ObjectIdentifier(QueuedWaiter<Payload>.self)) else {
      return QueuedWaiter(payload)
    }
    let waiter = unsafe unsafeDowncast(spare, to: QueuedWaiter<Payload>.self)
    waiter.payload = payload
    return waiter
  }

  /// Gives up a waiter whose wait has ended, to be used again; `rest` replaces what it was given.
  @inlinable
  package static func giveBack(_ waiter: consuming QueuedWaiter<Payload>, _ rest: Payload) {
    waiter.payload = rest
    keep(waiter)
  }
}

/// Waiters that nobody uses, of any type; the last one that was kept is the first one taken.
@safe struct SpareWaiters: ~Copyable {
  private static let most = 64

  // The first `count` places are initialized. Putting one in and taking it out moves the reference.
  private let places = UnsafeMutablePointer<LinkedWaiter>.allocate(capacity: most)
  private var count = 0

  deinit {
    unsafe places.deinitialize(count: count)
    unsafe places.deallocate()
  }

  @inline(__always)
  mutating func keep(_ waiter: consuming LinkedWaiter) {
    guard count < Self.most else { return }
    unsafe (places + count).initialize(to: waiter)
    count &+= 1
  }

  @inline(__always)
  mutating func take(_ type: ObjectIdentifier) -> LinkedWaiter? {
    guard count > 0 else { return nil }
    count &-= 1
    let waiter = unsafe (places + count).move()
    // One of another type is let go of, so that the types in use are the ones that are kept.
    guard ObjectIdentifier(Swift.type(of: waiter)) == type else { return nil }
    waiter.reset()
    return waiter
  }
}

/// Tasks that were woken under a lock, to be resumed when it has been released.
///
/// They are chained through their waiters, which live on: none of these tasks can run before it is resumed. (`Unmanaged`, and
/// not `unowned(unsafe)`: an enum with such a payload is laid out in two ways, and `nil` taken for another of its cases.)
@usableFromInline
@safe package struct WakeUps: @unchecked Sendable {
  // Sendable: belongs to whoever has decided the wake-ups.
  private var first: Unmanaged<LinkedWaiter>?
  private var last: Unmanaged<LinkedWaiter>?

  @usableFromInline
  package init() {
    unsafe first = nil
    unsafe last = nil
  }

  /// Adds a waiter that is in no queue any more.
  @inline(__always)
  mutating func append(_ waiter: Unmanaged<LinkedWaiter>, _ continuation: UInt) {
    unsafe waiter._withUnsafeGuaranteedRef {
      unsafe $0.continuation = continuation
      unsafe $0.next = nil
    }
    if let last = unsafe last {
      unsafe last._withUnsafeGuaranteedRef { unsafe $0.next = waiter }
    } else {
      unsafe first = waiter
    }
    unsafe last = waiter
  }

  /// Resumes the tasks, in the order in which they were woken; to be called once, without the lock.
  @inlinable
  package func resume() {
    if isEmpty { return }
    resumeAll()
  }

  @usableFromInline
  var isEmpty: Bool { unsafe first == nil }

  @usableFromInline
  func resumeAll() {
    var rest = unsafe first
    while let waiter = unsafe rest {
      // The task may end, and its waiter with it, as soon as it is resumed.
      let continuation = unsafe waiter._withUnsafeGuaranteedRef { unsafe $0.continuation }
      unsafe rest = unsafe waiter._withUnsafeGuaranteedRef { unsafe $0.next }
      ReadinessWord.resume(continuation)
    }
  }
}
