import AsyncIORuntime
import Synchronization

extension AsyncQueue {
  /// How many items are in the queue (asyncio's `qsize`).
  public var count: Int { state.withLock { $0.items.count } }

  /// Whether no item is in the queue.
  public var isEmpty: Bool { count == 0 }

  /// Whether there is no room in the queue.
  public var isFull: Bool { state.withLock { $0.items.count >= $0.capacity } }

  /// Whether the queue was shut down.
  public var isShutDown: Bool { state.withLock { $0.isShutDown } }

  /// What a queue has to tell.
  public struct Statistics: Sendable, Equatable {
    /// Items in the queue.
    public var count: Int
    /// Items that were put in and not yet said to be done.
    public var unfinished: Int
    /// Items that were dropped, as there was no room.
    public var dropped: Int
    /// Tasks that wait for an item.
    public var waitingToGet: Int
    /// Tasks that wait for room.
    public var waitingToPut: Int
    /// Tasks that wait for all items to be done.
    public var joining: Int
    /// Whether the queue was shut down.
    public var isShutDown: Bool
  }

  /// The state of this moment.
  ///
  /// - Complexity: O(1).
  public var statistics: Statistics {
    state.withLock { state in
      Statistics(
        count: state.items.count, unfinished: state.unfinished, dropped: state.dropped,
        waitingToGet: state.getters.count, waitingToPut: state.putters.count, joining: state.joiners.count,
        isShutDown: state.isShutDown)
    }
  }
}
