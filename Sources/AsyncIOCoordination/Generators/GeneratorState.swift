// The state of one run of a generator, as a word that is changed by one exchange at a time.
//
// Waiters in it are retained: whoever exchanges such a state for another has the reference, and ends the wait.

import AsyncIORuntime

/// What the two sides of a generator are doing, and whether the producer was interrupted.
struct GeneratorState {
  /// What the two sides are doing.
  enum Phase {
    /// Nobody has asked for a value → demanded, over.
    case unstarted
    /// The producer works although nobody has asked → demanded, parkedInScope, closed, ended.
    case idle
    /// The producer works, and the consumer is about to wait → awaited, parked, parkedInScope, idle, closed, ended.
    case demanded
    /// The producer works, and the consumer waits → parked, parkedInScope, idle, closed, ended.
    case awaited(HeldWaiter)
    /// The producer waits in its own task to be asked; the continuation as a word → demanded, idle, closed.
    case parked(UInt)
    /// The producer waits to be asked, in a task of a scope of its, or after an interruption → demanded, idle, closed.
    case parkedInScope(HeldWaiter)
    /// The consumer has left, and the producer ends → closing, or over; in a scope closing, ended.
    case closed
    /// The consumer has left and waits for the producer's end → ended.
    case closing(HeldWaiter)
    /// The producer has ended, and nobody has been told → over.
    case ended
    /// Nothing more will happen (last).
    case over
  }

  private static let tags: UInt = 7
  private static let interruptedBit: UInt = 8
  private static let payload = ~(tags | interruptedBit)

  let word: UInt

  @inline(__always)
  init(word: UInt) { self.word = word }

  /// Addresses of tasks and of objects are multiples of 16.
  @inline(__always)
  init(_ phase: Phase, isInterrupted: Bool = false) {
    let bits: UInt =
      switch phase {
      case .unstarted: 0
      case .idle: 1 << 4
      case .demanded: 2 << 4
      case .closed: 3 << 4
      case .ended: 4 << 4
      case .over: 5 << 4
      case .parked(let continuation): continuation | 1
      case .awaited(let waiter): waiter.word | 2
      case .parkedInScope(let waiter): waiter.word | 3
      case .closing(let waiter): waiter.word | 4
      }
    word = bits | (isInterrupted ? Self.interruptedBit : 0)
  }

  /// Whether the producer's task was cancelled by anybody but the consumer; stays from then on.
  @inline(__always)
  var isInterrupted: Bool { word & Self.interruptedBit != 0 }

  @inline(__always)
  var phase: Phase {
    let rest = word & Self.payload
    return switch word & Self.tags {
    case 1: .parked(rest)
    case 2: .awaited(waiter)
    case 3: .parkedInScope(waiter)
    case 4: .closing(waiter)
    default:
      switch rest >> 4 {
      case 0: .unstarted
      case 1: .idle
      case 2: .demanded
      case 3: .closed
      case 4: .ended
      default: .over
      }
    }
  }

  @inline(__always)
  private var waiter: HeldWaiter { HeldWaiter(word: word & Self.payload) }
}

/// A reference to a waiter that is counted by hand, as it stands in a word.
@safe struct HeldWaiter {
  let word: UInt

  @inline(__always)
  fileprivate init(word: UInt) { self.word = word }

  /// Counts a reference.
  init(_ waiter: Waiter) {
    word = unsafe UInt(bitPattern: Unmanaged.passRetained(waiter).toOpaque())
  }

  /// Ends the wait, and gives the reference back.
  func finish(_ outcome: Waiter.Outcome = .woken) { take().finish(outcome) }

  /// Gives the reference back.
  func release() { _ = take() }

  private func take() -> Waiter {
    // The word was made from a waiter by `init`, and whoever has taken it out of the state is the only one to come here.
    unsafe Unmanaged<Waiter>.fromOpaque(UnsafeRawPointer(bitPattern: word).unsafelyUnwrapped)
      .takeRetainedValue()
  }
}
