// Permits and who waits for them: what semaphores, locks and read-write locks are made of.
//
// One word holds how many permits are free, how many waiters were given theirs and have not run since, and whether
// anybody stands in line. While nobody does and nobody was given any, taking and giving back is one exchange of that
// word. Otherwise it is done under the lock of the line, and while the mark "somebody stands in line" is set only
// the holder of that lock changes the number of free permits.
//
// Strictly FIFO: whoever comes while others wait, or have been given their permits and not run since, stands behind
// them, also if permits are free (asyncio's semaphore is `locked` then). Permits that are given back go to the first
// in line as long as they suffice for what it asks; one that asks for much is not overtaken by those who ask for little.
//
// Why none is lost: permits are taken out of the word before the waiter is decided and put back if it was cancelled
// first. A waiter that was cancelled when it had been given them gives them back itself, before it throws. Somebody
// who stands in line only because others have not run yet is served by the last of those, in `settle`: its
// subtraction and the setting of the mark are changes of one word, so that one of the two sees the other.

import AsyncIORuntime
import Synchronization

/// A number of permits, handed out in the order in which they are asked for.
struct Permits: ~Copyable {
  /// What a waiter in line is.
  typealias Claim = QueuedWaiter<Int>

  private enum Bits {
    /// Set while somebody stands in line.
    static let line: UInt64 = 1
    /// One waiter that was given its permits and has not run since.
    static let given: UInt64 = 2
    static let givenMask: UInt64 = (1 << 32) - 2
    /// One free permit.
    static let permit: UInt64 = 1 << 32
    static let contested = line | givenMask
  }

  /// The greatest number of permits that can be counted.
  static let limit = Int(Int32.max)

  private let word: Atomic<UInt64>
  private let line = Mutex(WaitQueue<Int>())
  /// How many there may ever be.
  let maximum: Int

  init(_ free: Int, maximum: Int) {
    word = Atomic(UInt64(free) * Bits.permit)
    self.maximum = maximum
  }

  private static func free(_ word: UInt64) -> Int { Int(word / Bits.permit) }

  // MARK: Without waiting

  /// Takes `count` permits if they are free and nobody was there first.
  @inline(__always)
  func tryTake(_ count: Int) -> Bool {
    var seen = word.load(ordering: .relaxed)
    while seen & Bits.contested == 0, Self.free(seen) >= count {
      let (exchanged, original) = word.compareExchange(
        expected: seen, desired: seen &- UInt64(count) &* Bits.permit, ordering: .acquiring)
      if exchanged { return true }
      seen = original
    }
    return false
  }

  /// Gives `count` permits back, to those in line first; false if there would be more than the maximum.
  @inline(__always)
  func give(_ count: Int) -> Bool {
    var seen = word.load(ordering: .relaxed)
    while seen & Bits.line == 0 {
      guard Self.free(seen) + count <= maximum else { return false }
      let (exchanged, original) = word.compareExchange(
        expected: seen, desired: seen &+ UInt64(count) &* Bits.permit, ordering: .releasing)
      if exchanged { return true }
      seen = original
    }
    return giveToLine(count)
  }

  private func giveToLine(_ count: Int) -> Bool {
    let wakeUps: WakeUps? = line.withLock { line in
      guard Self.free(word.load(ordering: .relaxed)) + count <= maximum else { return nil }
      word.wrappingAdd(UInt64(count) &* Bits.permit, ordering: .acquiringAndReleasing)
      return serve(&line)
    }
    wakeUps?.resume()
    return wakeUps != nil
  }

  // MARK: Waiting

  /// Takes `count` permits, or puts a claim in line that is to be waited for and then concluded.
  func takeOrStandInLine(_ count: Int) -> Claim? {
    let claim = Claim.take(count)
    return line.withLock { line in
      var seen = word.bitwiseOr(Bits.line, ordering: .acquiringAndReleasing).newValue
      if line.isEmpty {
        // Nobody else sets or clears the mark, but others may still run after a hand-over meanwhile.
        while seen & Bits.givenMask == 0, Self.free(seen) >= count {
          let rest = (seen &- UInt64(count) &* Bits.permit) & ~Bits.line
          let (exchanged, original) = word.compareExchange(
            expected: seen, desired: rest, ordering: .acquiringAndReleasing)
          if exchanged { return nil }
          seen = original
        }
      }
      line.append(claim)
      return claim
    }
  }

  /// Ends the wait of `claim`; false if it was cancelled, and has no permits then.
  @inline(__always)
  func conclude(_ claim: consuming Claim, _ outcome: Waiter.Outcome) -> Bool {
    guard outcome == .woken else {
      leave(claim)
      return false
    }
    settle()
    guard claim.wasCancelledLate else {
      Claim.giveBack(claim, 0)
      return true
    }
    _ = give(claim.payload)
    return false
  }

  /// Notes that one that was given its permits runs now.
  @inline(__always)
  func settle() {
    let word = word.wrappingSubtract(Bits.given, ordering: .acquiringAndReleasing).newValue
    if word & Bits.line != 0, Self.free(word) > 0 { serveLine() }
  }

  /// Takes out a claim that was cancelled; those behind it may ask for less.
  private func leave(_ claim: Claim) {
    line.withLock { line in
      line.remove(claim)
      return serve(&line)
    }.resume()
  }

  private func serveLine() {
    line.withLock { serve(&$0) }.resume()
  }

  /// Gives free permits to those in line, in order, as far as they suffice.
  private func serve(_ line: inout WaitQueue<Int>) -> WakeUps {
    var wakeUps = WakeUps()
    // Where nothing is left to give, nobody is looked at.
    while free > 0, let claim = line.first {
      guard free >= claim.payload else { return wakeUps }
      let share = UInt64(claim.payload) &* Bits.permit &- Bits.given
      word.wrappingSubtract(share, ordering: .acquiringAndReleasing)
      if !line.wake(claim, into: &wakeUps) { word.wrappingAdd(share, ordering: .acquiringAndReleasing) }
    }
    if line.count == 0 { word.bitwiseAnd(~Bits.line, ordering: .acquiringAndReleasing) }
    return wakeUps
  }

  // MARK: Looking

  /// How many permits are free; those that were handed over to waiters are not.
  var free: Int { Self.free(word.load(ordering: .relaxed)) }

  /// How many stand in line.
  var waiting: Int { line.withLock { $0.count } }

  /// Whether one who asked for a permit now would have to wait.
  var wouldWait: Bool {
    let seen = word.load(ordering: .relaxed)
    if Self.free(seen) == 0 || seen & Bits.givenMask != 0 { return true }
    return seen & Bits.line != 0 && line.withLock { !$0.isEmpty }
  }
}
