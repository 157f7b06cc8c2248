import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIORuntime

struct InboxTests {
  @Test func `items arrive in the order of their sending`() {
    let inbox = Inbox()
    var queue = ReadyQueue()
    for word in 1...5 as ClosedRange<UInt> { _ = inbox.append(ReadyItem(word: word)) }
    #expect(inbox.hasItems == true)
    inbox.drain(into: &queue)
    #expect(inbox.hasItems == false)
    for word in 1...5 as ClosedRange<UInt> { #expect(queue.pop().word == word) }
  }

  @Test func `a loop that is awake is not woken`() {
    let inbox = Inbox()
    #expect(inbox.append(ReadyItem(word: 8)) == false)
    #expect(inbox.announce() == false)
  }

  @Test func `a loop does not go to sleep over an item`() {
    let inbox = Inbox()
    var queue = ReadyQueue()
    _ = inbox.append(ReadyItem(word: 8))
    #expect(inbox.prepareToSleep() == false)
    inbox.drain(into: &queue)
    #expect(inbox.prepareToSleep() == true)
  }

  @Test func `only the first sender wakes a loop that sleeps`() {
    let inbox = Inbox()
    #expect(inbox.prepareToSleep() == true)
    #expect(inbox.append(ReadyItem(word: 8)) == true)
    #expect(inbox.append(ReadyItem(word: 16)) == false)
    #expect(inbox.announce() == false)
    inbox.endSleep()
    #expect(inbox.append(ReadyItem(word: 24)) == false)
  }

  @Test func `many threads lose nothing and wake at most once a sleep`() throws {
    let (threads, perThread) = (3, 5_000)
    let shared = SharedInbox()
    for thread in 0..<threads {
      LoopThread.start(named: "sender") {
        for number in 0..<perThread {
          // Multiples of eight, so that the low bits stay free.
          let word = UInt(thread * perThread + number + 1) << 3
          if shared.inbox.append(ReadyItem(word: word)) { shared.wake() }
        }
      }
    }
    var queue = ReadyQueue()
    var last = [UInt](repeating: 0, count: threads)
    var isOrdered = true
    var (received, sleeps) = (0, 0)
    while received < threads * perThread {
      shared.inbox.drain(into: &queue)
      while queue.count > 0 {
        let number = Int(queue.pop().word >> 3) - 1
        let thread = number / perThread
        isOrdered = isOrdered && UInt(number + 1) > last[thread]
        last[thread] = UInt(number + 1)
        received += 1
      }
      guard received < threads * perThread else { break }
      // A sleep that is called off at the last moment may have been ended by a sender just before.
      sleeps += 1
      guard shared.inbox.prepareToSleep() else { continue }
      shared.sleep()
      shared.inbox.endSleep()
    }
    #expect(received == threads * perThread)
    #expect(isOrdered, "the items of one sender keep their order")
    #expect(shared.wakes <= sleeps)
  }

  /// An inbox with a way to sleep and to wake, which counts.
  private final class SharedInbox: Sendable {
    let inbox = Inbox()
    private let poller: PlatformPoller
    private let count = Atomic<Int>(0)

    init() {
      do { poller = try PlatformPoller() } catch { preconditionFailure("no poller: \(error)") }
    }

    var wakes: Int { count.load(ordering: .relaxed) }

    func wake() {
      count.add(1, ordering: .relaxed)
      poller.wake()
    }

    func sleep() { _ = poller.poll(timeout: 10_000_000_000) }
  }
}
