import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIORuntime

/// The states of one direction, without a poller.
@Suite(.virtualTime) struct PollSlotTests {
  @Test func `an event wakes the task that waits, and leaves the word ready`() async {
    let word = Word()
    let task = Task { await word.wait() }
    await settle()
    #expect(ReadinessWord.isWaiting(word.value))
    word.atomic.signal(final: false)
    #expect(await task.value)
    #expect(ReadinessWord.isReady(word.value))
  }

  @Test func `an event that comes first keeps the task from waiting`() async {
    let word = Word()
    word.atomic.signal(final: false)
    #expect(await !word.wait(), "it has not parked")
  }

  @Test func `an event since the look is not forgotten`() {
    let word = Word()
    word.atomic.signal(final: false)
    let seen = word.value
    word.atomic.signal(final: false)
    word.atomic.clear(seen)
    #expect(ReadinessWord.isReady(word.value))
    word.atomic.clear(word.value)
    #expect(word.value == ReadinessWord.idle)
  }

  @Test func `what has ended stays ready`() {
    let word = Word()
    word.atomic.signal(final: true)
    word.atomic.clear(word.value)
    #expect(word.value == ReadinessWord.ended)
    word.atomic.signal(final: false)
    #expect(word.value == ReadinessWord.ended)
  }

  @Test func `cancelled while parked, the task wakes and the word is idle`() async {
    let word = Word()
    let task = Task { await word.wait() }
    await settle()
    word.atomic.interrupt()
    #expect(await task.value)
    #expect(word.value == ReadinessWord.idle)
  }

  @Test func `cancelled before it parks, the task does not park`() async {
    let word = Word()
    word.atomic.interrupt()
    #expect(await !word.wait())
    word.atomic.endInterruption()
    #expect(word.value == ReadinessWord.idle)
  }

  @Test func `an event after an interruption is kept`() {
    let word = Word()
    word.atomic.interrupt()
    word.atomic.signal(final: false)
    word.atomic.endInterruption()
    #expect(ReadinessWord.isReady(word.value))
    word.atomic.interrupt()
    #expect(ReadinessWord.isReady(word.value))
  }

  @Test func `shut, it wakes its task and stays so`() async {
    let word = Word()
    let task = Task { await word.wait() }
    await settle()
    word.atomic.shut()
    #expect(await task.value)
    word.atomic.signal(final: true)
    word.atomic.interrupt()
    word.atomic.clear(ReadinessWord.readyBit)
    #expect(word.value == ReadinessWord.closed)
    #expect(await !word.wait())
  }

  @Test(.realTime) func `events and interruptions of many threads wake each wait once`() async {
    let (word, stop) = (Word(), Word())
    for thread in 0..<3 {
      LoopThread.start(named: "foreign") {
        while stop.value == ReadinessWord.idle {
          if thread == 0 { word.atomic.interrupt() } else { word.atomic.signal(final: false) }
        }
      }
    }
    for _ in 0..<20_000 {
      _ = await word.wait()
      word.atomic.endInterruption()
      word.atomic.clear(word.value)
    }
    stop.atomic.shut()
  }

  private final class Word: Sendable {
    let atomic = Atomic<UInt>(ReadinessWord.idle)
    var value: UInt { atomic.load(ordering: .acquiring) }

    /// Waits for what ends the wait; false if it did not have to.
    func wait() async -> Bool {
      let hasParked = Atomic(true)
      unsafe await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        if unsafe !atomic.park(continuation) {
          hasParked.store(false, ordering: .relaxed)
          unsafe continuation.resume()
        }
      }
      return hasParked.load(ordering: .relaxed)
    }
  }
}
