// A queue for any number of tasks that put items in and take them out. What it decides is in QueueState.swift.
//
// Its functions are generic and inlinable, so that in the caller's module they become code for the caller's items.
//
// Cancelled before it waits: what need not wait is done, otherwise the call throws. While it waits: it leaves its
// line and throws; its item was not put in, or nothing was taken. At the instant of the hand-over: the exchange of
// its waiter decides, and if it was cancelled first the next in line gets the item or the room. After the hand-over:
// the call has succeeded, returns, and the item is where it belongs; the cancellation is seen by whatever the task
// does next. From other threads: the same. The loop shutting down: those who wait are cancelled with their tasks.

public import AsyncIORuntime
public import Synchronization

/// Hands items from tasks that make them to tasks that use them (asyncio's `Queue`, `LifoQueue` and `PriorityQueue`).
///
/// ```swift
/// let queue = AsyncQueue<URL>(capacity: 100)
/// let workers = (0..<3).map { _ in
///   createTask { for await url in queue { try await fetch(url); queue.taskDone() } }
/// }
/// for url in urls { try await queue.put(url) }
/// try await queue.join()
/// queue.shutdown()
/// ```
///
/// Tasks that wait are served in the order in which they came: an item is handed to the first that waits for one,
/// and nobody else can take it. It may be used from any thread.
public final class AsyncQueue<Element: Sendable>: Sendable {
  @usableFromInline let state: Mutex<QueueState<Element>>
  @usableFromInline let overflow: Overflow

  /// How many items there is room for; nil for any number (asyncio's `maxsize`).
  public let capacity: Int?

  /// Makes an empty queue.
  ///
  /// - Parameters:
  ///   - capacity: How many items there is room for, at least 1; nil for any number.
  ///   - order: Which item is taken next.
  ///   - overflow: What becomes of an item that is put into a full queue.
  public init(capacity: Int? = nil, order: Order = .fifo, overflow: Overflow = .wait) {
    precondition(capacity.map { $0 > 0 } ?? true, "a queue has room for 1 item or more, not \(capacity ?? 0)")
    if case (.priority, .dropOldest) = (order.kind, overflow) {
      preconditionFailure("a queue by priority does not know its oldest item: refuse or drop the newest")
    }
    self.capacity = capacity
    self.overflow = overflow
    state = Mutex(QueueState(order.kind, capacity: capacity ?? .max, overflow: overflow))
  }

  // MARK: Putting

  /// Puts an item in; a full queue does as its overflow policy says, by default it waits until there is room.
  ///
  /// - Parameter item: Handed to the first task that waits for one, if any.
  /// - Throws: `QueueError.shutDown` when the queue was or is shut down; `QueueError.full` where its policy is to refuse;
  ///   `CancellationError` when the task is cancelled while it waits.
  /// - Complexity: O(1); O(log n) by priority.
  ///
  /// ## Cancellation
  /// Ends the wait, and the item is not put in; the call may be repeated. A call that need not wait does not look for it.
  @inlinable
  public func put(_ item: Element) async throws {
    if try insert(item) { return }
    try await waitToPut(item)
  }

  /// Puts an item in if that needs no waiting (asyncio's `put_nowait`).
  ///
  /// - Parameter item: Handed to the first task that waits for one, if any.
  /// - Returns: Whether it was put in; false if the queue is full, and has not dropped an older one for it.
  /// - Throws: `QueueError.shutDown` when the queue was shut down.
  /// - Complexity: O(1); O(log n) by priority.
  @inlinable
  public func tryPut(_ item: Element) throws(QueueError) -> Bool {
    switch state.withLock({ $0.insert(item) }) {
    case .inserted(let wakeUps):
      wakeUps.resume()
      return true
    case .dropped(_, let isNewest): return !isNewest
    case .full: return false
    case .shutDown: throw .shutDown
    }
  }

  /// Puts an item in as `put` does; false if it is to be waited for.
  @inlinable
  func insert(_ item: Element) throws(QueueError) -> Bool {
    switch state.withLock({ $0.insert(item) }) {
    case .inserted(let wakeUps): wakeUps.resume()
    case .dropped: break
    case .full:
      if case .refuse = overflow { throw .full }
      return false
    case .shutDown: throw .shutDown
    }
    return true
  }

  @inlinable
  func waitToPut(_ item: Element) async throws {
    let waiter = QueuedWaiter<Element?>.take(item)
    let insertion = state.withLock { state in
      let insertion = state.insert(item)
      if case .full = insertion { state.putters.append(waiter) }
      return insertion
    }
    switch insertion {
    case .inserted(let wakeUps): return wakeUps.resume()
    case .dropped: return
    case .shutDown: throw QueueError.shutDown
    case .full: break
    }
    switch await waiter.wait(for: "room in a queue") {
    case .woken: QueuedWaiter.giveBack(waiter, nil)
    case .closed: throw QueueError.shutDown
    case .cancelled:
      state.withLock { $0.putters.remove(waiter) }
      throw cancellationError()
    }
  }

  // MARK: Taking

  /// Takes the next item out; waits until there is one.
  ///
  /// - Returns: The item.
  /// - Throws: `QueueError.shutDown` when the queue is shut down and the last item was taken; `CancellationError`
  ///   when the task is cancelled while it waits.
  /// - Complexity: O(1); O(log n) by priority.
  ///
  /// ## Cancellation
  /// Ends the wait, and no item was taken; the call may be repeated. An item that was handed over first is returned.
  /// A call that need not wait does not look for it.
  @inlinable
  public func get() async throws -> Element {
    switch state.withLock({ $0.removeOrStandInLine() }) {
    case .item(let item, let wakeUps):
      wakeUps.resume()
      return item
    case .waiting(let waiter): return try await wait(waiter)
    case .shutDown: throw QueueError.shutDown
    }
  }

  /// Takes the next item out, if there is one (asyncio's `get_nowait`).
  ///
  /// - Returns: The item; nil if the queue is empty.
  /// - Throws: `QueueError.shutDown` when the queue is shut down and the last item was taken.
  /// - Complexity: O(1); O(log n) by priority.
  @inlinable
  public func tryGet() throws(QueueError) -> Element? {
    switch state.withLock({ $0.remove() }) {
    case .item(let item, let wakeUps):
      wakeUps.resume()
      return item
    case .empty: return nil
    case .shutDown: throw .shutDown
    }
  }

  @inlinable
  func wait(_ waiter: QueuedWaiter<Element?>) async throws -> Element {
    if await waiter.wait(for: "an item of a queue") == .cancelled {
      state.withLock { $0.getters.remove(waiter) }
      throw cancellationError()
    }
    guard let item = waiter.payload else { throw QueueError.shutDown }
    QueuedWaiter.giveBack(waiter, nil)
    return item
  }

  // MARK: Ending

  /// Says that an item that was taken has been dealt with, for those who `join`.
  ///
  /// - Complexity: O(1) for each task that is woken.
  public func taskDone() {
    let wakeUps = state.withLock { $0.finish(1) }
    guard let wakeUps else {
      preconditionFailure("taskDone was called more often on a queue than items were put in")
    }
    wakeUps.resume()
  }

  /// Waits until each item that was put in has been taken and said to be done; returns at once if there is none.
  ///
  /// - Throws: `CancellationError` when the task is cancelled while it waits.
  /// - Complexity: O(1).
  ///
  /// ## Cancellation
  /// Ends the wait; the call may be repeated.
  public func join() async throws(CancellationError) {
    let waiter = QueuedWaiter(())
    let waits = state.withLock { state in
      guard state.unfinished > 0 else { return false }
      state.joiners.append(waiter)
      return true
    }
    guard waits, await waiter.wait(for: "the items of a queue to be done") == .cancelled else { return }
    state.withLock { $0.joiners.remove(waiter) }
    throw CancellationError()
  }

  /// Ends the queue: it takes no more items, and those who wait for room, or for an item of an empty queue, get an error.
  ///
  /// What is in the queue can be taken still, unless it is to end at once. It may be called again.
  ///
  /// - Parameter immediate: Whether to drop what is in the queue; each of those items counts as done.
  /// - Complexity: O(1) for each task that is woken and each item that is dropped.
  public func shutdown(immediate: Bool = false) {
    let (dropped, wakeUps) = state.withLock { $0.shutDown(immediate: immediate) }
    wakeUps.resume()
    _ = dropped
  }
}
