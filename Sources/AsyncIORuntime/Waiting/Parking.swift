// Suspending a task by half of a continuation.
//
// A continuation is made for a task to be resumed from anywhere, on whatever executor it was. Most of its cost is in that half: a look
// at the executor, a lock on the task's records to change one, and an enqueuing that passes through three functions. A task of the
// loop that is isolated to nothing needs none of it, as its job may be run on any loop's thread. So it suspends by the first half, as
// in `withUnsafeContinuation`, which leaves the task as every executor may run it. `parked` is called then, gets the task's
// job, and parks it where `parking` says. Whoever ends the wait puts the job into the ready queue, as the global executor would have
// done. That saves two fifths of the instructions of a wait.
//
// Who may park: a task whose code is isolated to nothing (it goes on where its job is run, and not on an actor), in an item of the
// kind `global` (whose task prefers no executor), on a loop under the language. All others wait by whole continuations, and so does
// everybody where the runtime was told to check that each continuation is resumed.
//
// Why the job is run once: it is published by one exchange of the word where it is parked, as a continuation would be, and
// taken from there by the exchange that ends the wait; if that came first, it is made ready at once. The task has suspended before
// that. As soon as it is published, it may be run on another thread, also before `parked` has returned, and nothing is
// touched afterwards.
//
// A task that is cancelled while it is parked is told by its cancellation handler, like any other.

internal import CAsyncIO
import Glibc
import Synchronization

/// Suspends the task; its job goes to `parked`, and from there where `LoopCore.parking` says.
@usableFromInline @_silgen_name("casyncio_park")
nonisolated(nonsending) func suspendForParking() async

/// Where a job that is being parked goes.
enum ParkingPlace {
  /// The mark of a parked job in a word that may hold a continuation too; both are addresses that are multiples of 16.
  static let jobBit: UInt = 8

  fileprivate static let afterItem: UInt = 1
  /// With the loop's ticket in the ready queue; see Helping.swift.
  static let asLeader: UInt = 3
  fileprivate static let slotBit: UInt = 2
  fileprivate static let writerBit: UInt = 4

  @inline(__always)
  static func of(_ waiter: Waiter) -> UInt {
    unsafe UInt(bitPattern: Unmanaged.passUnretained(waiter).toOpaque())
  }

  /// Publishes a job where it is to be found; false if what it waits for has come already.
  fileprivate static func park(_ word: UInt, at place: UInt) -> Bool {
    guard let address = unsafe UnsafeMutableRawPointer(bitPattern: place & ~7) else { return false }
    if place & slotBit == 0 {
      // The waiting task holds its waiter.
      return unsafe Unmanaged<Waiter>.fromOpaque(address)._withUnsafeGuaranteedRef { $0.park(word) }
    }
    // Slots are never given back.
    let slot = unsafe address.assumingMemoryBound(to: PollSlot.self)
    return unsafe place & writerBit != 0 ? slot.pointee.writer.park(word) : slot.pointee.reader.park(word)
  }
}

extension LoopCore {
  /// Whether the runtime lets a continuation be without being resumed.
  static let allowsParking = unsafe getenv("SWIFT_DEBUG_VALIDATE_UNCHECKED_CONTINUATIONS") == nil

  /// This thread's core, if the current task may park: see the head of this file.
  @inline(__always)
  static func forParking(_ isolation: (any Actor)?) -> UnsafeMutablePointer<LoopCore>? {
    guard isolation == nil, let core = unsafe current, unsafe core.pointee.mayPark else { return nil }
    return unsafe core
  }

  /// Suspends the current task until everything that is ready has had its turn.
  @inline(__always)
  nonisolated(nonsending) static func parkBehindReady(_ core: UnsafeMutablePointer<LoopCore>) async {
    unsafe core.pointee.parking = ParkingPlace.afterItem
    let placed = unsafe core.pointee.placed
    await suspendForParking()
    unsafe current?.pointee.placed = placed
  }

  /// Has the current task, which is about to suspend, parked until `waiter` is finished.
  ///
  /// - Returns: False if another task, run here, has finished it meanwhile: then there is no need to suspend.
  @inline(__always)
  static func prepareToPark(in waiter: Waiter, _ core: UnsafeMutablePointer<LoopCore>) -> Bool {
    let place = unsafe waiter.placeAfterHelping(core)
    unsafe core.pointee.parking = place
    return place != 0
  }

  /// Has the current task, which is about to suspend, parked until something has come in a direction of `slot`.
  @inline(__always)
  static func prepareToPark(
    in slot: UnsafeMutablePointer<PollSlot>, _ direction: PollDirection,
    _ core: UnsafeMutablePointer<LoopCore>
  ) {
    let direction = direction == .write ? ParkingPlace.writerBit : 0
    unsafe core.pointee.parking = UInt(bitPattern: slot) | ParkingPlace.slotBit | direction
  }

  /// Parks the job of the task that is suspending on this thread.
  fileprivate mutating func park(_ job: UnownedJob) {
    let item = ReadyItem(job, .global)
    let word = item.word | ParkingPlace.jobBit
    if parking == ParkingPlace.afterItem {
      let former = yielded
      yielded = word
      // Two tasks gave way within one item, as when one is run inside of another's job.
      if former != 0 { ReadinessWord.resume(former) }
    } else if parking == ParkingPlace.asLeader {
      leader = item.word
    } else if !ParkingPlace.park(word, at: parking) {
      push(item)
    }
  }
}

/// Parks the job of the task that has just suspended on this thread.
@c(asyncio_parked)
func parked(_ task: UInt) {
  guard let core = unsafe LoopCore.current else {
    preconditionFailure("a task was parked outside of any loop")
  }
  // A task is its own job.
  unsafe core.pointee.park(unsafeBitCast(task, to: UnownedJob.self))
}
