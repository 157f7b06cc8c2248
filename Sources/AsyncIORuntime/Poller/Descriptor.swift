// An open descriptor that belongs to a loop's poller.
//
// Who closes the number: `users` counts the system calls under way, and its top bit says that the descriptor was
// closed. `close` sets the bit, shuts both directions (which wakes their waiters), and the last user to leave closes
// the number. So a number is never closed under a system call on another thread, and never used after that: by
// then it may be somebody else's. (The scheme is Go's fdMutex and eio's Rcfd.)
//
// Who gives the slot back: `deinit`, when no task can look at the slot any more; a task that waits holds the
// descriptor.

import Glibc
import Synchronization

/// An open, non-blocking descriptor, registered with one loop's poller, owned by this object.
@usableFromInline
@safe package final class Descriptor: @unchecked Sendable {
  // Sendable: `number` and `slot` are constant, the rest is atomic.
  private let number: CInt
  private let slot: UnsafeMutablePointer<PollSlot>
  private let poller: PlatformPoller
  private let users = Atomic<UInt>(0)
  private let ownsNumber: Bool

  private static let closedBit: UInt = 1 << 63

  /// Registers `number` with the loop's poller, and owns it from then on, also when this throws.
  ///
  /// - Parameters:
  ///   - number: A descriptor in non-blocking mode.
  ///   - loop: The loop on whose thread its events arrive.
  ///   - owned: Whether closing closes the number too.
  /// - Throws: `IOError` when the poller refuses the number.
  package init(_ number: CInt, on loop: EventLoop = .orDefault, owned: Bool = true) throws(IOError) {
    self.number = number
    poller = loop.poller
    ownsNumber = owned
    unsafe slot = PollSlotTable.shared.take()
    do throws(IOError) {
      try unsafe poller.register(number, slot)
    } catch {
      users.store(Self.closedBit, ordering: .relaxed)
      if owned { Glibc.close(number) }
      // All properties are set, so `deinit` runs and gives the slot back.
      throw error
    }
  }

  deinit {
    if users.load(ordering: .relaxed) & Self.closedBit == 0 { close() }
    unsafe PollSlotTable.shared.giveBack(slot)
  }

  /// Whether `close` was called.
  package var isClosed: Bool { users.load(ordering: .acquiring) & Self.closedBit != 0 }

  /// Closes the descriptor: whoever waits for it throws `IOError.closed`, and so does every later use.
  ///
  /// The number is closed when the system calls under way on other threads have returned. Idempotent.
  package func close() {
    let before = users.bitwiseOr(Self.closedBit, ordering: .acquiringAndReleasing).oldValue
    guard before & Self.closedBit == 0 else { return }
    unsafe slot.pointee.reader.shut()
    unsafe slot.pointee.writer.shut()
    if before == 0 { closeNumber() }
  }

  private func closeNumber() {
    unsafe poller.deregister(number, slot)
    if ownsNumber { Glibc.close(number) }
  }

  /// Calls `body` with the number, which stays open meanwhile.
  @inline(__always)
  package func withNumber<Result>(
    _ operation: StaticString, _ body: (CInt) throws(IOError) -> Result
  ) throws(IOError) -> Result {
    guard enter() else { throw IOError(.closed, operation: "\(operation)") }
    defer {
      let left = users.subtract(1, ordering: .acquiringAndReleasing).newValue
      if left == Self.closedBit { closeNumber() }
    }
    return try body(number)
  }

  /// Counts a user, unless the descriptor is closed.
  ///
  /// Nobody is counted after `close`, not even for a moment: a latecomer that left after the last user would take from it
  /// the sight of the bare bit, and the number would never be closed.
  @inline(__always)
  private func enter() -> Bool {
    var seen = users.load(ordering: .relaxed)
    while seen & Self.closedBit == 0 {
      let (exchanged, original) = users.weakCompareExchange(
        expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing)
      if exchanged { return true }
      seen = original
    }
    return false
  }

  // MARK: Operations

  /// Tries a system call once, without waiting.
  ///
  /// An operation is a loop around this and `waitUntilReady`, written out where it is needed: a function that did both would
  /// cost an async frame even where nothing has to be waited for, which is the rule.
  ///
  /// ```swift
  /// if isOverBudget { try await checkpoint() }
  /// while true {
  ///   if let count = try attempt(.read, "read", { recv($0, …) }, isDrained: { $0 < size }) { return count }
  ///   try await waitUntilReady(.read, "read")
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - direction: What the call needs.
  ///   - operation: The name of the call, for errors.
  ///   - call: Performs it: a result of -1 with `errno` is a failure.
  ///   - isDrained: Whether a result says that nothing is left.
  /// - Returns: The call's result; nil if it would block, or is known to without trying: then wait for `direction`.
  /// - Throws: `IOError` when the call fails; `CancellationError`.
  @inline(__always)
  package func attempt(
    _ direction: PollDirection, _ operation: StaticString, _ call: (CInt) -> Int, isDrained: (Int) -> Bool
  ) throws -> Int? {
    let seen = readiness(direction)
    // Whoever then waits is told there if the task is cancelled.
    guard ReadinessWord.isReady(seen) else { return nil }
    try TaskIdentity.checkCancellation()
    let result = try attempt(number: operation, call)
    if result.map(isDrained) ?? true { wouldBlock(direction, seen) }
    return result
  }

  /// The result of a system call, or nil if it would block.
  @inline(__always)
  private func attempt(number operation: StaticString, _ call: (CInt) -> Int) throws(IOError) -> Int? {
    while true {
      var failure: CInt = 0
      let result = try withNumber(operation) { number throws(IOError) in
        let result = call(number)
        if result < 0 { failure = errno }
        return result
      }
      if result >= 0 { return result }
      if failure == EAGAIN || failure == EWOULDBLOCK { return nil }
      guard failure == EINTR else {
        throw IOError(.system, errno: failure, operation: "\(operation)")
      }
    }
  }

  /// Forgets the readiness that is assumed at first: what is awaited is the next event.
  ///
  /// Only right after `init`; an event that has come since is not forgotten.
  package func expectEvent(_ direction: PollDirection) {
    wouldBlock(direction, ReadinessWord.readyBit)
  }

  /// The state of readiness now, to be read before a system call.
  func currentReadiness(_ direction: PollDirection) -> Readiness { Readiness(word: readiness(direction)) }

  /// A state of readiness as it was before a system call.
  package struct Readiness: Sendable {
    let word: UInt
  }

  /// Notes that a call took less than it could have, so that nothing is left: the next one waits at once instead of
  /// trying in vain.
  @inline(__always)
  package func drained(_ direction: PollDirection, _ readiness: Readiness) {
    wouldBlock(direction, readiness.word)
  }

  @inline(__always)
  private func wouldBlock(_ direction: PollDirection, _ seen: UInt) {
    switch direction {
    case .read:
      if seen == ReadinessWord.ended { return }
      unsafe slot.pointee.reader.clear(seen)
    case .write:
      if seen == ReadinessWord.ended { return }
      unsafe slot.pointee.writer.clear(seen)
    }
  }

  @inline(__always)
  func readiness(_ direction: PollDirection) -> UInt {
    switch direction {
    case .read: unsafe slot.pointee.reader.load(ordering: .acquiring)
    case .write: unsafe slot.pointee.writer.load(ordering: .acquiring)
    }
  }

  /// Counts an operation, and says whether the job has completed so many that others must have a turn first.
  ///
  /// Then the caller goes through `checkpoint`, so that one busy connection does not starve the others.
  @inline(__always)
  package var isOverBudget: Bool { Self.isOverBudget }

  /// As above, for what has no descriptor.
  @inline(__always)
  package static var isOverBudget: Bool {
    guard let core = unsafe LoopCore.current else { return false }
    unsafe core.pointee.budget -= 1
    return unsafe core.pointee.budget < 0
  }

  /// Waits until an event has come in `direction`.
  ///
  /// - Throws: `CancellationError`; `IOError.closed`; `IOError.busy` when another task waits already.
  // Inlined, so that it has no frame of its own.
  @inlinable
  package func waitUntilReady(_ direction: PollDirection, _ operation: StaticString) async throws {
    while let begun = try beginWait(direction, operation, #isolation) {
      // One suspension, until an event, a cancellation (also one of before) or a close.
      switch begun.rest {
      case .none: break
      case .parking: await suspendForParking()
      case .continuation: await waitByContinuation(direction)
      }
      try endWait(begun, direction)
    }
  }

  /// Begins to wait; nil where there is nothing to wait for.
  @usableFromInline
  func beginWait(
    _ direction: PollDirection, _ operation: StaticString, _ isolation: (any Actor)?
  ) throws -> BegunWait? {
    let seen = readiness(direction)
    if ReadinessWord.isReady(seen) { return nil }
    if seen == ReadinessWord.closed { throw IOError(.closed, operation: "\(operation)") }
    if ReadinessWord.isWaiting(seen) { throw IOError(.busy, operation: "\(operation)") }
    let noted = WaitingList.begin(operation)
    let handler = unsafe CancellationHandler(interrupting: slot, direction)
    var rest = BegunWait.Rest.continuation
    if let core = unsafe LoopCore.forParking(isolation) {
      rest = readiness(direction) == ReadinessWord.idle ? .parking : .none
      unsafe LoopCore.prepareToPark(in: slot, direction, core)
    }
    return BegunWait(noted: noted, handler: handler, rest: rest)
  }

  @usableFromInline
  func endWait(_ begun: BegunWait, _ direction: PollDirection) throws {
    begun.handler.removeInterrupting()
    WaitingList.end(begun.noted)
    endInterruption(direction)
    // An event is told before a cancellation: the next operation will find that out.
    if !ReadinessWord.isReady(readiness(direction)) { try TaskIdentity.checkCancellation() }
  }

  // A function of its own, so that its frame is not that of each task that parks.
  @inline(never) @usableFromInline
  func waitByContinuation(_ direction: PollDirection) async {
    unsafe await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      if unsafe !park(direction, continuation) { unsafe continuation.resume() }
    }
  }

  private func park(_ direction: PollDirection, _ continuation: UnsafeContinuation<Void, Never>) -> Bool {
    switch direction {
    case .read: unsafe slot.pointee.reader.park(continuation)
    case .write: unsafe slot.pointee.writer.park(continuation)
    }
  }

  private func endInterruption(_ direction: PollDirection) {
    switch direction {
    case .read: unsafe slot.pointee.reader.endInterruption()
    case .write: unsafe slot.pointee.writer.endInterruption()
    }
  }
}

extension EventLoop {
  /// How many descriptors are open that belong to this loop.
  package var descriptorCount: Int { poller.registrationCount }
}
