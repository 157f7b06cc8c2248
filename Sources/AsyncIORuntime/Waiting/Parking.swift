// Suspending a task without a continuation.
//
// A continuation is made for a task to be resumed from anywhere, on whatever executor it was: a record in the task, a lock
// to change it, and a look at two executors at each wait. A task of the loop that is isolated to nothing needs none of it, as its
// job may be run on any loop's thread. So it switches to an executor that runs nothing: `enqueue` is called before the switch
// returns, gets the task's job, and parks it where `parking` says. Whoever ends the wait puts the job into the ready queue, as the
// global executor would have done for a continuation. That saves a quarter of the instructions of a wait.
//
// Who may park: a task whose code is isolated to nothing (it goes on where its job is run, and not on an actor), in an item of the
// kind `global` (whose task prefers no executor), on a loop under the language. All others wait by continuations.
//
// Why the job is run once: it is published by one exchange of the word where it is parked, as a continuation would be, and
// taken from there by the exchange that ends the wait; if that came first, it is made ready at once. As soon as it is published, it
// may be run on another thread, also before `enqueue` has returned: the runtime allows that to any executor, and nothing is
// touched afterwards.
//
// A task that is cancelled while it is parked is told by its cancellation handler, like any other.

internal import CAsyncIO
import Synchronization

/// Suspends the task; its job goes to `ParkingExecutor.enqueue`, and from there where `LoopCore.parking` says.
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

/// The executor that runs nothing.
final class ParkingExecutor: SerialExecutor {
  private static let shared = ParkingExecutor()

  /// Tells the C shim where to switch to; before any task can park.
  static func install() {
    // An executor is two words: the object, and how it conforms.
    let words = unsafe unsafeBitCast(shared.asUnownedSerialExecutor(), to: (UInt, UInt).self)
    casyncio_set_parking_executor(words.0, words.1)
  }

  func enqueue(_ job: UnownedJob) {
    guard let core = unsafe LoopCore.current else {
      preconditionFailure("a task was parked outside of any loop")
    }
    unsafe core.pointee.park(job)
  }

  func enqueue(_ job: consuming ExecutorJob) { enqueue(UnownedJob(job)) }
}
