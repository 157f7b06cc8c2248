// One thing to run: a pointer with its kind in the low three bits.
//
// Swift jobs and class instances are aligned to 16 bytes, so the low bits of their addresses are free.
// A job is owned by the language's runtime until it is run, exactly once. A callback is owned by the
// item (+1 retained) until it is run or dropped.

/// A job of the language or a callback of ours, with the way in which it must be run.
struct ReadyItem: BitwiseCopyable {
  /// How an item is run.
  enum Kind: UInt {
    /// A job that the language gave to the global executor.
    case global = 0
    /// A `LoopCallback`, retained.
    case callback = 1
    /// A job that belongs to the main actor.
    case main = 2
    /// A job of a task that prefers this loop as its task executor.
    case preferred = 3
    /// The ticket of a loop's helper (Helping.swift): the loop's core.
    case leader = 4
  }

  let word: UInt

  init(word: UInt) { self.word = word }

  @inline(__always)
  init(_ job: UnownedJob, _ kind: Kind) {
    // An `UnownedJob` is one pointer, and the pointer is aligned to 16 bytes.
    word = unsafe unsafeBitCast(job, to: UInt.self) | kind.rawValue
  }

  init(_ callback: LoopCallback) {
    word = unsafe UInt(bitPattern: Unmanaged.passRetained(callback).toOpaque()) | Kind.callback.rawValue
  }

  /// The ticket of the loop that has `core`.
  init(leaderOf core: UnsafeMutablePointer<LoopCore>) {
    // Memory of the heap, aligned to 16 bytes.
    word = UInt(bitPattern: core) | Kind.leader.rawValue
  }

  /// Of a ticket, the core of the loop that it belongs to.
  var core: UnsafeMutablePointer<LoopCore>? { unsafe UnsafeMutablePointer(bitPattern: word & ~7) }

  @inline(__always)
  var kind: Kind {
    switch word & 7 {
    case 0: .global
    case 1: .callback
    case 2: .main
    case 3: .preferred
    default: .leader
    }
  }

  @inline(__always)
  var job: UnownedJob {
    unsafe unsafeBitCast(word & ~7, to: UnownedJob.self)
  }

  /// Gives up what would have been run: a job is lost, a callback is released.
  consuming func drop() {
    if kind == .callback { _ = takeCallback() }
  }

  /// Takes the ownership of the callback out of this item.
  consuming func takeCallback() -> LoopCallback {
    // The item holds the +1 of `passRetained`, and is consumed by this.
    unsafe Unmanaged<LoopCallback>.fromOpaque(UnsafeRawPointer(bitPattern: word & ~7).unsafelyUnwrapped)
      .takeRetainedValue()
  }
}
