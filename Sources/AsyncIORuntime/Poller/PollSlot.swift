// One descriptor's readiness in one poller: a word for each direction.
//
// A word is one of
//
//   idle          nothing is known to be there: whoever wants it must wait        → waiting, ready, interrupted
//   ready(tick)   an event has come since the last "would block"                  → idle, ready(tick + 1), closed
//   ended         the peer has closed or failed: ready for good                   → closed
//   interrupted   a waiter was cancelled before it had parked                     → idle, ready, closed
//   closed        the descriptor was closed here                                  (last)
//   waiting       otherwise: the continuation of the one task that waits          → idle, ready, ended, closed
//
// Why each waiter wakes exactly once: the continuation is published by one compare-and-exchange and taken
// by one other (an event, a cancellation or a close); whoever takes it out of the word resumes it.
//
// Why no event is lost, on any number of threads: `epoll` is edge-triggered, so an event is told once. It is
// told by making the word `ready` whatever it was. The word goes back to `idle` only through `clear`, which
// names the `ready` word that was seen *before* the system call that would have blocked; an event that came
// since has another tick, so that the exchange fails and the caller tries again. `ended` never goes back, as
// no further edge follows a hang-up.
//
// Why no event is stale: slots live in memory that is never given back (`PollSlotTable`), so an event that
// was already fetched when its descriptor was closed finds either the closed slot, or a newer user of it
// with another generation, which is part of the event's data. Should it slip through between that check and
// the exchange, the newer user sees one readiness that is not there, tries, would block, and waits.

import Synchronization

/// The readiness of one descriptor, in both directions.
@safe struct PollSlot: ~Copyable {
  let reader = Atomic<UInt>(ReadinessWord.idle)
  let writer = Atomic<UInt>(ReadinessWord.idle)
  /// Counts the users of this slot; its low 16 bits are part of each event's data.
  let generation = Atomic<UInt>(0)
  /// The next free slot, while this one is free; guarded by the table's lock.
  var nextFree: UnsafeMutablePointer<PollSlot>?

  init() {
    unsafe nextFree = nil
  }
}

/// A direction in which a descriptor may be waited for.
@usableFromInline
package enum PollDirection: Sendable {
  /// Something can be read, a connection accepted, or the peer has ended.
  case read
  /// Something can be written, or a connection attempt has ended.
  case write
}

/// The states of a `PollSlot`'s words; see the head of this file.
enum ReadinessWord {
  static let idle: UInt = 0
  static let readyBit: UInt = 1
  static let ended: UInt = 2
  static let interrupted: UInt = 4
  static let closed: UInt = 6
  /// What `ready` counts in, above the three bits that tell the states apart.
  static let tick: UInt = 8

  @inline(__always)
  static func isReady(_ word: UInt) -> Bool {
    word & 7 == readyBit || word == ended
  }

  @inline(__always)
  static func isWaiting(_ word: UInt) -> Bool {
    // Continuations are aligned to at least 8 bytes.
    word & 7 == 0 && word != idle
  }

  static func waiting(_ continuation: UnsafeContinuation<Void, Never>) -> UInt {
    // A continuation that cannot throw is one pointer to its task's context.
    unsafe unsafeBitCast(continuation, to: UInt.self)
  }

  static func resume(_ word: UInt) {
    if word & ParkingPlace.jobBit != 0 {
      if word & 7 != 0 { return LoopCore.useTicket(word) }
      return InstalledExecutors.enqueueGlobal(
        unsafe unsafeBitCast(word & ~ParkingPlace.jobBit, to: UnownedJob.self))
    }
    unsafe unsafeBitCast(word, to: UnsafeContinuation<Void, Never>.self).resume()
  }
}

extension Atomic where Value == UInt {
  /// Tells that an event has come; `final` when none will follow.
  func signal(final: Bool) {
    var word = load(ordering: .relaxed)
    while true {
      if word == ReadinessWord.ended || word == ReadinessWord.closed { return }
      let next: UInt =
        if final {
          ReadinessWord.ended
        } else if word & 7 == ReadinessWord.readyBit {
          word &+ ReadinessWord.tick
        } else {
          ReadinessWord.readyBit
        }
      let (exchanged, original) = compareExchange(
        expected: word, desired: next, ordering: .acquiringAndReleasing)
      if exchanged {
        if ReadinessWord.isWaiting(word) { ReadinessWord.resume(word) }
        return
      }
      word = original
    }
  }

  /// Publishes a job; false if the word is no longer idle.
  @inline(__always)
  func park(_ job: UInt) -> Bool {
    compareExchange(expected: ReadinessWord.idle, desired: job, ordering: .acquiringAndReleasing).exchanged
  }

  /// Publishes a waiter; false if the word is no longer idle, so that there is nothing to wait for.
  func park(_ continuation: UnsafeContinuation<Void, Never>) -> Bool {
    unsafe compareExchange(
      expected: ReadinessWord.idle, desired: ReadinessWord.waiting(continuation),
      ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// Wakes the waiter because its task was cancelled, or keeps the next one from parking.
  func interrupt() {
    var word = load(ordering: .relaxed)
    while word == ReadinessWord.idle || ReadinessWord.isWaiting(word) {
      let next = word == ReadinessWord.idle ? ReadinessWord.interrupted : ReadinessWord.idle
      let (exchanged, original) = compareExchange(
        expected: word, desired: next, ordering: .acquiringAndReleasing)
      if exchanged {
        if ReadinessWord.isWaiting(word) { ReadinessWord.resume(word) }
        return
      }
      word = original
    }
  }

  /// Takes back what `interrupt` left for a waiter that did not park.
  func endInterruption() {
    _ = compareExchange(
      expected: ReadinessWord.interrupted, desired: ReadinessWord.idle, ordering: .relaxed)
  }

  /// Notes that a system call would block, or has emptied the descriptor, unless an event has come since
  /// `seen` was read.
  @inline(__always)
  func clear(_ seen: UInt) {
    guard seen & 7 == ReadinessWord.readyBit else { return }
    _ = compareExchange(expected: seen, desired: ReadinessWord.idle, ordering: .acquiringAndReleasing)
  }

  /// Closes this direction for good and wakes its waiter.
  func shut() {
    let word = exchange(ReadinessWord.closed, ordering: .acquiringAndReleasing)
    if ReadinessWord.isWaiting(word) { ReadinessWord.resume(word) }
  }
}
