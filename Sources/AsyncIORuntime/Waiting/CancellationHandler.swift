// How a task that waits learns of its cancellation.
//
// A task of ours leaves what it waits for at a place that those know who may cancel it (WaitingPlace.swift). Any other task has
// the language tell it. The runtime's two entry points behind `withTaskCancellationHandler` are called directly,
// through the C shim (the compiler keeps their names to itself). It saves what the function costs at each wait: two more async
// frames, an indirect result, and some 300 of the 984 bytes that a task's first slab of frames has. With it a sleeping child of
// `gather` needs a second slab, and a million of them another gigabyte. Both are exported by the runtime since Swift 5.5, as
// compiled programs call them.
//
// What the caller owes: what is waited for outlives the handler; the handler is removed in the same function, on every path, and
// nothing that the task has allocated in between is still there by then. Removing waits for a cancellation that is being told.

internal import CAsyncIO
import Synchronization

/// A cancellation handler of the current task, until `remove`.
@safe struct CancellationHandler {
  /// The runtime's record, or the task's place with the lowest bit set.
  private let word: UInt
  private static let placeBit: UInt = 1

  /// Has `waiter` finished as cancelled when the current task is cancelled; at once if it is already.
  @inline(__always)
  init(finishing waiter: Waiter) {
    self.init(WaitTarget(waiter))
  }

  /// Has a direction of a descriptor interrupted when the current task is cancelled; at once if it is already.
  @inline(__always)
  init(interrupting slot: UnsafeMutablePointer<PollSlot>, _ direction: PollDirection) {
    unsafe self.init(WaitTarget(slot, direction))
  }

  /// Has the cancellation of the current task passed on to the work of `scope`; at once if it is cancelled already.
  @inline(__always)
  init(forwardingTo scope: ScopeContext) {
    self.init(WaitTarget(scope))
  }

  @inline(__always)
  private init(_ target: WaitTarget) {
    let task = unsafe casyncio_current_task()
    if let place = unsafe WaitingPlace.of(task) {
      unsafe place._withUnsafeGuaranteedRef { unsafe $0.beginWait(target, task) }
      word = unsafe UInt(bitPattern: place.toOpaque()) | Self.placeBit
    } else {
      word = unsafe UInt(bitPattern: casyncio_on_cancel(UnsafeMutableRawPointer(bitPattern: target.word)))
    }
  }

  /// Ends the handler; waits for it if it is running on another thread.
  @inline(__always)
  func remove() {
    withPlace { $0.endWait() }
  }

  /// Ends a handler that was made for a direction of a descriptor.
  @inline(__always)
  func removeInterrupting() {
    withPlace { $0.endWaitForDescriptor() }
  }

  /// Calls `body` with the task's place, or has the runtime remove its record.
  @inline(__always)
  private func withPlace(_ body: (WaitingPlace) -> Void) {
    let address = unsafe UnsafeMutableRawPointer(bitPattern: word & ~Self.placeBit)
    guard word & Self.placeBit != 0, let place = unsafe address else {
      return unsafe casyncio_remove_cancellation_handler(address)
    }
    // The task has bound the place, and unbinds it when it has nothing more to wait for.
    unsafe Unmanaged<WaitingPlace>.fromOpaque(place)._withUnsafeGuaranteedRef(body)
  }
}

@c(asyncio_wait_cancelled)
func waitCancelled(_ target: UInt) { WaitTarget(word: target).cancel() }
