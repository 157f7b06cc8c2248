// The producer's side of a run.

import AsyncIORuntime
import Synchronization

extension GeneratorCore {
  // MARK: Working

  /// Says that the current task is the producer's.
  final func begin(_ record: TaskRecord) {
    unsafe task = .current
    record.state = .running
    unsafe withUnsafeCurrentTask { current in
      guard let current = unsafe current else { return }
      // Any task is one pointer; the copy counts a reference.
      let task = unsafe unsafeBitCast(current, to: Task<Void, Never>.self)
      record.setCancellation { [self] in
        task.cancel()
        interrupt()
      }
    }
    record.bind()
  }

  /// Wakes a producer whose task was cancelled, or keeps it from waiting.
  private final func interrupt() {
    var seen = GeneratorState(word: state.load(ordering: .acquiring))
    while true {
      let next: GeneratorState.Phase
      switch seen.phase {
      // One that waits in a scope of its is cancelled by that.
      case .ended, .over, .unstarted: return
      case .parked: next = .idle
      default: next = seen.phase
      }
      let (exchanged, original) = state.compareExchange(
        expected: seen.word, desired: GeneratorState(next, isInterrupted: true).word,
        ordering: .acquiringAndReleasing)
      if exchanged { break }
      seen = GeneratorState(word: original)
    }
    if case .parked(let continuation) = seen.phase { resume(continuation) }
  }

  final func resume(_ continuation: UInt) {
    // It was made from one by `park`.
    unsafe unsafeBitCast(continuation, to: UnsafeContinuation<Void, Never>.self).resume()
  }

  /// Says that the producer has returned, or has thrown.
  final func end(_ error: (any Error)?, _ record: TaskRecord) {
    record.unbind()
    failure = error
    // It holds this object, which holds the record.
    record.setCancellation {}
    record.state = .finished
    TaskRegistry.shared.remove(record)
    let before = move { phase in if case .closed = phase, !isScoped { .over } else { .ended } }
    switch before.phase {
    case .awaited(let waiter), .closing(let waiter): waiter.finish()
    case .closed where !isScoped: if let error { report(error) }
    default: break
    }
    // A runner that ends its leftovers looks at them before each turn.
    record.loop.wake()
  }

  // MARK: Giving

  /// How a value is to be given.
  @usableFromInline
  enum Giving {
    /// At once, and then the producer's task waits.
    case inTask
    /// At once, and then a task of a scope of the producer waits.
    case inScope
    /// When the consumer asks.
    case later
  }

  /// How the current task is to give a value.
  @usableFromInline
  final func prepareToGive() throws -> Giving {
    let (current, isCancelled) = TaskIdentity.currentAndCancellation
    if isCancelled { throw cancellationError() }
    switch GeneratorState(word: state.load(ordering: .acquiring)).phase {
    case .demanded, .awaited: return unsafe current == task ? .inTask : .inScope
    case .idle: return .later
    case .closed, .closing: throw cancellationError()
    case .parked, .parkedInScope:
      preconditionFailure(
        "yield was called while another call of it waits: a generator gives one value at a time")
    case .ended, .over, .unstarted:
      preconditionFailure(
        "yield was called outside of its generator: it is of use until the closure returns that got it")
    }
  }

  /// Says that the value is there, and leaves the continuation to whoever asks for the next.
  @usableFromInline
  final func park(_ continuation: UnsafeContinuation<Void, Never>) {
    let word = unsafe unsafeBitCast(continuation, to: UInt.self)
    var seen = GeneratorState(word: state.load(ordering: .relaxed))
    var isParked = false
    while true {
      let next: GeneratorState.Phase
      switch seen.phase {
      // What was interrupted does not wait; the value is given all the same, as it was asked for.
      case .demanded, .awaited: next = seen.isInterrupted ? .idle : .parked(word)
      default: return unsafe continuation.resume()
      }
      isParked = !seen.isInterrupted
      let (exchanged, original) = state.compareExchange(
        expected: seen.word, desired: GeneratorState(next, isInterrupted: seen.isInterrupted).word,
        ordering: .acquiringAndReleasing)
      if exchanged { break }
      seen = GeneratorState(word: original)
    }
    if case .awaited(let waiter) = seen.phase { waiter.finish() }
    if !isParked { unsafe continuation.resume() }
  }

  /// Throws if the producer was woken because it is to end, rather than because the consumer asks.
  @usableFromInline
  final func checkDemand() throws {
    let seen = GeneratorState(word: state.load(ordering: .acquiring))
    switch seen.phase {
    case .demanded where !seen.isInterrupted, .awaited where !seen.isInterrupted: return
    default: throw cancellationError()
    }
  }

  /// Waits with a waiter until the consumer asks.
  ///
  /// - Parameter hasGiven: Whether the consumer's last demand has been met by a value.
  /// - Throws: `CancellationError` when the current task is cancelled, or the consumer has left.
  @usableFromInline
  final func waitForDemand(hasGiven: Bool) async throws {
    let waiter = Waiter()
    let retained = HeldWaiter(waiter)
    let before = move { phase in
      switch phase {
      case .demanded, .awaited: hasGiven ? .parkedInScope(retained) : nil
      case .idle: hasGiven ? nil : .parkedInScope(retained)
      default: nil
      }
    }
    switch before.phase {
    case .demanded where hasGiven, .idle where !hasGiven: break
    case .awaited(let consumer) where hasGiven: consumer.finish()
    case .demanded, .awaited: return retained.release()
    default:
      retained.release()
      throw cancellationError()
    }
    if await waiter.wait(for: "the consumer of a generator") == .woken { return }
    let last = move { if case .parkedInScope = $0 { .idle } else { nil } }
    if case .parkedInScope(let own) = last.phase { own.release() }
    throw cancellationError()
  }
}
