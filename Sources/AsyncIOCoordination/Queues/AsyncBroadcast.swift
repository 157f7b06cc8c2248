// A broadcast: each element goes to all subscriptions. What it decides is in BroadcastState.swift.
//
// Cancelled before it waits: an element that is there is taken, otherwise the iteration ends. While it waits: it
// leaves the queue and the iteration ends; the subscription goes on, and has lost nothing. At the instant of a
// sending: the exchange of its waiter decides. After: the call returns the element. From other threads: the same.
// The loop shutting down: those who wait are cancelled with their tasks.

import AsyncIORuntime
import Synchronization

/// A subscription has fallen so far behind that elements were written over (tokio's `RecvError::Lagged`).
public struct BroadcastLagError: Error, Sendable, Equatable, CustomStringConvertible {
  /// How many elements it has missed.
  public let missed: Int

  /// A sentence, such as `3 elements were missed: the subscription was too slow`.
  public var description: String { "\(missed) elements were missed: the subscription was too slow" }
}

/// Sends each element to all who have subscribed (tokio's `broadcast`).
///
/// ```swift
/// let prices = AsyncBroadcast<Price>(capacity: 100)
/// let subscription = prices.subscribe()
/// createTask { for try await price in subscription { show(price) } }
/// prices.send(price)
/// ```
///
/// The sender never waits: a subscription that is slower than the sender, by more than the capacity, misses the
/// oldest elements. An element is kept until all subscriptions have seen it, or it is written over. It may be used
/// from any thread.
public final class AsyncBroadcast<Element: Sendable>: Sendable {
  /// What becomes of a subscription that has missed elements.
  public enum Lag: Sendable {
    /// It throws a `BroadcastLagError`, once, and goes on with the oldest element that is kept.
    case report
    /// It goes on with the oldest element that is kept, and counts what it has missed.
    case skip
  }

  fileprivate let state: Mutex<BroadcastState<Element>>
  fileprivate let lag: Lag
  /// How many elements are kept for those who are slow.
  public let capacity: Int

  /// Makes a broadcast without subscriptions.
  ///
  /// - Parameters:
  ///   - capacity: How many elements are kept for those who are slow, at least 1.
  ///   - lag: What becomes of a subscription that has missed elements.
  public init(capacity: Int, lag: Lag = .report) {
    precondition(capacity > 0, "a broadcast keeps 1 element or more, not \(capacity)")
    self.capacity = capacity
    self.lag = lag
    state = Mutex(BroadcastState(capacity: capacity))
  }

  /// Sends an element to all subscriptions; without any it is dropped.
  ///
  /// - Parameter element: Seen by each subscription that there is now.
  /// - Returns: How many subscriptions there are.
  /// - Complexity: O(1) for each task that waits.
  @discardableResult
  public func send(_ element: Element) -> Int {
    let (subscriptions, former, wakeUps) = state.withLock { state in
      precondition(!state.isFinished, "an element was sent after finish, when nobody looks any more")
      var wakeUps = WakeUps()
      let former = state.send(element, &wakeUps)
      return (state.subscriptions, former, wakeUps)
    }
    wakeUps.resume()
    // Let go of without the lock: its deinitialiser is the user's.
    _ = former
    return subscriptions
  }

  /// Says that nothing more will be sent: subscriptions end when they have seen all.
  ///
  /// Idempotent.
  public func finish() {
    state.withLock { state in
      var wakeUps = WakeUps()
      state.finish(&wakeUps)
      return wakeUps
    }.resume()
  }

  /// Subscribes to all that is sent from now on, until the subscription goes away.
  public func subscribe() -> Subscription { Subscription(self, state.withLock { $0.subscribe() }) }

  /// What a broadcast has to tell.
  public struct Statistics: Sendable, Equatable {
    /// Subscriptions that there are.
    public var subscriptions: Int
    /// Elements that one of them has still to see.
    public var count: Int
    /// Tasks that wait for an element.
    public var waiting: Int
  }

  /// The state of this moment.
  ///
  /// - Complexity: O(n) in the capacity.
  public var statistics: Statistics {
    state.withLock { Statistics(subscriptions: $0.subscriptions, count: $0.count, waiting: $0.waiters.count) }
  }
}

extension AsyncBroadcast {
  /// All that is sent from its making on; for one task.
  public final class Subscription: AsyncSequence, @unchecked Sendable {
    // Sendable: the mutable properties are guarded by the broadcast's mutex.

    /// It fails when elements were missed, if that is to be reported; on cancellation it ends.
    public typealias Failure = BroadcastLagError

    private let broadcast: AsyncBroadcast
    private var position: Int
    private var missedSoFar = 0

    fileprivate init(_ broadcast: AsyncBroadcast, _ position: Int) {
      self.broadcast = broadcast
      self.position = position
    }

    deinit {
      let position = position
      let dropped = broadcast.state.withLock { $0.unsubscribe(position) }
      _ = dropped
    }

    /// How many elements it has missed so far.
    public var missed: Int { broadcast.state.withLock { _ in missedSoFar } }

    /// The next element; waits until there is one.
    ///
    /// - Returns: The element; nil when all was seen and nothing more will be sent, or the task is cancelled while
    ///   it waits.
    /// - Throws: `BroadcastLagError` when elements were missed and that is to be reported; the next call gives the
    ///   oldest that is kept.
    /// - Complexity: O(1).
    ///
    /// ## Cancellation
    /// Ends the wait; the subscription has lost nothing, and the call may be repeated.
    public func next() async throws(BroadcastLagError) -> Element? {
      while true {
        let waiter = QueuedWaiter(())
        let reception = broadcast.state.withLock { state in
          let reception = state.receive(&position)
          if case .missed(let count) = reception { missedSoFar += count }
          if case .nothingYet = reception { state.waiters.append(waiter) }
          return reception
        }
        switch reception {
        case .element(let element): return element
        case .nothingMore: return nil
        case .missed(let count):
          if broadcast.lag == .report { throw BroadcastLagError(missed: count) }
        case .nothingYet:
          guard await waiter.wait(for: "an element of a broadcast") != .cancelled else {
            broadcast.state.withLock { $0.waiters.remove(waiter) }
            return nil
          }
        }
      }
    }

    /// Makes an iterator that goes on where the subscription is.
    public func makeAsyncIterator() -> Iterator { Iterator(subscription: self) }

    /// Gives the elements.
    public struct Iterator: AsyncIteratorProtocol {
      fileprivate let subscription: Subscription

      /// The next element, as the subscription's `next` gives it.
      ///
      /// - Throws: `BroadcastLagError` when elements were missed and that is to be reported.
      ///
      /// ## Cancellation
      /// Ends the iteration.
      public mutating func next(
        isolation: isolated (any Actor)? = #isolation
      ) async throws(BroadcastLagError) -> Element? {
        try await subscription.next()
      }
    }
  }
}
