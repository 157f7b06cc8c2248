// What a broadcast decides under its lock.
//
// Elements are numbered from 0 on, and the last `capacity` of them are kept in a ring. A subscription is a number:
// that of the next element that it will see. One that has fallen behind the ring has missed what was written over,
// and goes on with the oldest that is kept. An element goes away when the last subscription that could see it has:
// the slot counts them.

import AsyncIORuntime

/// The state of a broadcast, guarded by its mutex.
struct BroadcastState<Element: Sendable>: ~Copyable {
  private struct Slot {
    let element: Element
    /// How many subscriptions have not seen it.
    var audience: Int
  }

  private var slots: [Slot?]
  /// The number of the next element.
  private(set) var end = 0
  private(set) var subscriptions = 0
  private(set) var isFinished = false
  var waiters = WaitQueue<Void>()

  init(capacity: Int) { slots = Array(repeating: nil, count: capacity) }

  /// The number of the oldest element that may be kept.
  private var start: Int { max(0, end - slots.count) }

  /// Keeps an element for all subscriptions; returns the one that had its place.
  mutating func send(_ element: Element, _ wakeUps: inout WakeUps) -> Element? {
    guard subscriptions > 0 else { return nil }
    let place = end % slots.count
    let former = slots[place]?.element
    slots[place] = Slot(element: element, audience: subscriptions)
    end += 1
    waiters.wakeAll(into: &wakeUps)
    return former
  }

  /// A subscription to all that will be sent from now on.
  mutating func subscribe() -> Int {
    subscriptions += 1
    return end
  }

  /// Ends a subscription; returns the elements that nobody else waits for.
  mutating func unsubscribe(_ position: Int) -> [Element] {
    subscriptions -= 1
    return (max(position, start)..<max(position, end)).compactMap { number in
      let (element, isLast) = see(number)
      return isLast ? element : nil
    }
  }

  enum Reception {
    case element(Element)
    /// So many were written over; the subscription goes on behind them.
    case missed(Int)
    case nothingYet
    case nothingMore
  }

  /// Takes what a subscription sees next, and moves it on.
  mutating func receive(_ position: inout Int) -> Reception {
    guard position < end else { return isFinished ? .nothingMore : .nothingYet }
    let missed = start - position
    guard missed <= 0 else {
      position = start
      return .missed(missed)
    }
    defer { position += 1 }
    return see(position).0.map { .element($0) } ?? .nothingYet
  }

  private mutating func see(_ number: Int) -> (Element?, isLast: Bool) {
    let place = number % slots.count
    guard var slot = slots[place] else { return (nil, false) }
    slot.audience -= 1
    slots[place] = slot.audience > 0 ? slot : nil
    return (slot.element, slot.audience == 0)
  }

  mutating func finish(_ wakeUps: inout WakeUps) {
    isFinished = true
    waiters.wakeAll(into: &wakeUps)
  }

  /// How many elements somebody has still to see.
  var count: Int { slots.count { $0 != nil } }
}
