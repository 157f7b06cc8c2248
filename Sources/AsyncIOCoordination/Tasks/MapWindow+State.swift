// The state of a window; who changes it when is argued in MapWindow.swift.

import AsyncIORuntime

extension MapWindow {
  enum Content {
    /// Nothing → running, ended.
    case free
    /// An operation, and its task as soon as it is known → ended, free.
    case running(Task<Void, any Error>?)
    /// A result that waits for the consumer → free.
    case ended(Result<Value, any Error>)
  }

  struct Slot {
    var content: Content
    /// The next in the queue, or in the list of free ones.
    var next: Int?
  }

  enum Phase {
    /// More may be started → complete, closed.
    case open
    /// Nothing more is started: there are no more elements, or there was an error → closed.
    case complete
    /// The consumer has had the last that there is (last).
    case closed
  }

  struct State {
    var phase = Phase.open
    var slots: [Slot] = []
    var used = 0
    var free: Int?
    var head: Int?
    var tail: Int?
    var consumer: Waiter?
    var starter: Waiter?
    /// The task that takes elements from an asynchronous sequence.
    var feeder: Task<Void, any Error>?

    /// Takes a free slot, or makes one.
    mutating func reserve(inQueue isInQueue: Bool) -> Int {
      used += 1
      let slot = free ?? slots.count
      if slot == slots.count {
        slots.append(Slot(content: .running(nil), next: nil))
      } else {
        free = slots[slot].next
        slots[slot] = Slot(content: .running(nil), next: nil)
      }
      if isInQueue { append(slot) }
      return slot
    }

    /// Puts a slot at the end of the queue.
    mutating func append(_ slot: Int) {
      if let tail { slots[tail].next = slot } else { head = slot }
      tail = slot
    }

    /// Takes the first slot out of the queue, and frees it.
    mutating func removeHead() {
      guard let slot = head else { return }
      head = slots[slot].next
      if head == nil { tail = nil }
      slots[slot] = Slot(content: .free, next: free)
      free = slot
      used -= 1
    }
  }
}
