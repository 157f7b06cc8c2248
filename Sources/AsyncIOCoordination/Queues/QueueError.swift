/// Why a queue does not take or give an item.
public enum QueueError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The queue was shut down: it takes no more items, and the last was taken (asyncio's `QueueShutDown`).
  case shutDown
  /// The queue is full and refuses what it has no room for (asyncio's `QueueFull`).
  case full

  /// A sentence.
  public var description: String {
    switch self {
    case .shutDown: "the queue was shut down"
    case .full: "the queue is full"
    }
  }
}
