// Cancellation handlers without `withTaskCancellationHandler`.
//
// The runtime's two entry points behind that function are called directly, through the C shim (the compiler keeps their
// names to itself). It saves what the function costs at each wait: two more async frames, an indirect result, and some 300
// of the 984 bytes that a task's first slab of frames has. With it a sleeping child of `gather` needs a second slab, and a
// million of them another gigabyte. Both are exported by the runtime since Swift 5.5, as compiled programs call them.
//
// What the caller owes: what the context points to outlives the record; the record is removed in the same function, on every
// path, and nothing that the task has allocated in between is still there by then. Removing waits for a handler that runs.

internal import CAsyncIO
import Synchronization

/// A cancellation handler of the current task, until `remove`.
@safe struct CancellationHandler {
  private let record: UnsafeMutableRawPointer?

  /// Has `waiter` finished as cancelled when the current task is cancelled; at once if it is already.
  @inline(__always)
  init(finishing waiter: Waiter) {
    unsafe record = casyncio_on_cancel_waiter(Unmanaged.passUnretained(waiter).toOpaque())
  }

  /// Has a direction of a descriptor interrupted when the current task is cancelled; at once if it is already.
  @inline(__always)
  init(interrupting slot: UnsafeMutablePointer<PollSlot>, _ direction: PollDirection) {
    // The low bit of the slot's address, which is free, tells the direction.
    let mark = unsafe UnsafeMutableRawPointer(slot) + (direction == .write ? 1 : 0)
    unsafe record = casyncio_on_cancel_readiness(mark)
  }

  /// Has the cancellation of the current task passed on to the work of `scope`; at once if it is cancelled already.
  @inline(__always)
  init(forwardingTo scope: ScopeContext) {
    unsafe record = casyncio_on_cancel_scope(Unmanaged.passUnretained(scope).toOpaque())
  }

  /// Ends the handler; waits for it if it is running on another thread.
  @inline(__always)
  func remove() { unsafe casyncio_remove_cancellation_handler(record) }
}

@c(asyncio_waiter_cancelled)
func waiterCancelled(_ context: UnsafeMutableRawPointer) {
  // Whoever waits holds the waiter, and removes the handler before letting go of it.
  unsafe Unmanaged<Waiter>.fromOpaque(context).takeUnretainedValue().finish(.cancelled)
}

@c(asyncio_scope_cancelled)
func scopeCancelled(_ context: UnsafeMutableRawPointer) {
  // As above.
  unsafe Unmanaged<ScopeContext>.fromOpaque(context).takeUnretainedValue().forwardCancellation()
}

@c(asyncio_readiness_cancelled)
func readinessCancelled(_ context: UnsafeMutableRawPointer) {
  let address = UInt(bitPattern: context)
  // Slots are never given back.
  guard let slot = unsafe UnsafeMutablePointer<PollSlot>(bitPattern: address & ~1) else { return }
  if address & 1 != 0 {
    unsafe slot.pointee.writer.interrupt()
  } else {
    unsafe slot.pointee.reader.interrupt()
  }
}
