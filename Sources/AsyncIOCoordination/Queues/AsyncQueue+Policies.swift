extension AsyncQueue {
  /// Which item is taken next.
  public struct Order: Sendable {
    @usableFromInline let kind: QueueItems<Element>.Kind

    init(_ kind: QueueItems<Element>.Kind) { self.kind = kind }

    /// The oldest one (asyncio's `Queue`).
    public static var fifo: Order { Order(.fifo) }

    /// The newest one (asyncio's `LifoQueue`).
    public static var lifo: Order { Order(.lifo) }

    /// The one that comes before all others; among equals the oldest one.
    ///
    /// - Parameter areInIncreasingOrder: Whether the first item comes before the second. It runs under the queue's
    ///   lock: it must be short, and not use the queue.
    /// - Returns: The order.
    public static func priority(by areInIncreasingOrder: @escaping @Sendable (Element, Element) -> Bool)
      -> Order
    {
      Order(.priority(areInIncreasingOrder))
    }
  }

  /// What becomes of an item that is put into a full queue.
  public enum Overflow: Sendable {
    /// `put` waits until there is room: back-pressure.
    case wait
    /// The oldest item is dropped to make room.
    case dropOldest
    /// The item is dropped itself.
    case dropNewest
    /// `put` throws `QueueError.full`.
    case refuse
  }
}

extension AsyncQueue.Order where Element: Comparable {
  /// The least one; among equals the oldest one (asyncio's `PriorityQueue`).
  public static var priority: Self { priority(by: { $0 < $1 }) }
}
