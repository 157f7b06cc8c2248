// The window of a `concurrentMap`: the operations that run, and the results that nobody has taken yet; at most `limit` of both.
//
// Two hands touch it. The starter, one task at a time, puts operations in; the consumer, one task at a time, takes results out;
// and every operation ends on its own. All state is guarded by one lock; tasks are cancelled and waiters finished after it was
// left.
//
// Each operation has a slot. The slots that the consumer will take are a queue, linked by index: in order, a slot is appended
// when its operation starts, so that the head may have to be waited for; out of order, when its operation ends. Slots that are
// free are a list of the same making, so that the memory is that of the most that were ever used at once: an endless sequence
// needs no more.
//
// Why nobody sleeps for ever: the consumer leaves its waiter under the lock under which it found nothing to take, and whoever
// makes the head ready, completes the window or closes it takes the waiter from there and finishes it. The same for the starter
// that waits for room: a result that is taken, or the closing, wakes it.
//
// Cancelled before it waits, or while: the consumer looks for its cancellation before it takes anything, and closes the window.
// Cancelled at the same instant as a result comes: the result stays where it is and goes away with the window. An operation
// that ends on another thread while it is being started: its slot has its result already, so `start` does not put the task
// there. The window was closed meanwhile: `start` cancels the task itself.

import AsyncIORuntime
import Synchronization

/// The operations that run and the results that wait, at most so many.
final class MapWindow<Value: Sendable>: Sendable {
  enum Taken {
    case result(Result<Value, any Error>)
    case nothingYet
    case nothingMore
  }

  private let limit: Int
  private let isOrdered: Bool
  private let state = Mutex(State())

  init(limit: Int, isOrdered: Bool) {
    self.limit = limit
    self.isOrdered = isOrdered
  }

  // MARK: The starter

  /// Whether another operation may be started.
  var hasRoom: Bool { state.withLock { $0.phase == .open && $0.used < limit } }

  /// Waits until another operation may be started; false if none ever may.
  func waitForRoom() async -> Bool {
    while true {
      let waiter = Waiter()
      let hasRoom: Bool? = state.withLock { state in
        guard state.phase == .open else { return false }
        if state.used < limit { return true }
        state.starter = waiter
        return nil
      }
      if let hasRoom { return hasRoom }
      await waiter.waitUncancelled(for: "room in a concurrentMap")
    }
  }

  /// Runs an operation up to its first suspension, and goes on with it beside the caller.
  func start(_ operation: @escaping @Sendable () async throws -> Value) {
    let slot: Int? = state.withLock { state in
      guard state.phase == .open else { return nil }
      return state.reserve(inQueue: isOrdered)
    }
    guard let slot else { return }
    let task = EventLoop.makeChild { [self] in
      do {
        end(slot, .success(try await operation()))
      } catch {
        end(slot, .failure(error))
      }
    }
    // One task starts, so that the slot is not another operation's yet.
    let isLate = state.withLock { state in
      guard state.phase != .closed else { return true }
      if case .running = state.slots[slot].content { state.slots[slot].content = .running(task) }
      return false
    }
    if isLate { task.cancel() }
  }

  private func end(_ slot: Int, _ result: Result<Value, any Error>) {
    wake { state in
      guard state.phase != .closed else { return (nil, nil) }
      state.slots[slot].content = .ended(result)
      if !isOrdered { state.append(slot) }
      if case .failure = result { state.phase = .complete }
      // The consumer waits for the head alone; where it is another, it has been woken for that one.
      return (state.head == slot ? state.consumer.take() : nil, nil)
    }
  }

  /// Says that there are no more elements, or that getting the next one has failed.
  func complete(_ error: (any Error)? = nil) {
    wake { state in
      guard state.phase == .open else { return (nil, nil) }
      state.phase = .complete
      if let error {
        let slot = state.reserve(inQueue: true)
        state.slots[slot].content = .ended(.failure(error))
      }
      return (state.consumer.take(), nil)
    }
  }

  /// Has a task cancelled when the window is closed.
  func setFeeder(_ task: Task<Void, any Error>) {
    let isLate = state.withLock { state in
      if state.phase != .closed { state.feeder = task }
      return state.phase == .closed
    }
    if isLate { task.cancel() }
  }

  // MARK: The consumer

  var isClosed: Bool { state.withLock { $0.phase == .closed } }

  /// Takes the next result; if there is none and one may come, leaves `waiter` to be woken.
  func take(orLeave waiter: Waiter) -> Taken {
    var taken = Taken.nothingYet
    wake { state in
      guard state.phase != .closed else {
        taken = .nothingMore
        return (nil, nil)
      }
      guard let head = state.head, case .ended(let result) = state.slots[head].content else {
        if state.phase == .complete, state.used == 0 { taken = .nothingMore } else { state.consumer = waiter }
        return (nil, nil)
      }
      taken = .result(result)
      state.removeHead()
      return (nil, state.starter.take())
    }
    return taken
  }

  /// Cancels the operations that run; drops what they have returned and will return.
  func close() {
    // Results go away outside of the lock too.
    let last = state.withLock { state in
      defer { state = State(phase: .closed) }
      return state
    }
    for case .running(let task?) in last.slots.map(\.content) { task.cancel() }
    last.feeder?.cancel()
    last.consumer?.finish(.woken)
    last.starter?.finish(.woken)
  }

  private func wake(_ change: (inout State) -> (consumer: Waiter?, starter: Waiter?)) {
    let (consumer, starter) = state.withLock { change(&$0) }
    consumer?.finish(.woken)
    starter?.finish(.woken)
  }
}
