// How a consumer leaves a run, and what becomes of the producer's last error.

import AsyncIORuntime
import Synchronization

extension GeneratorCore {
  /// Takes the consumer's side away and ends the producer, if that has not ended.
  ///
  /// - Parameters:
  ///   - reason: Why; nil where the consumer's surroundings say so.
  ///   - waiter: Finished when the producer has ended; to be released by the caller if there is nothing to wait for.
  /// - Returns: The state that was there.
  @discardableResult
  final func leave(
    because reason: CancellationReason? = .requested("the consumer of the generator has left"),
    waitingWith waiter: HeldWaiter? = nil
  ) -> GeneratorState {
    let left = waiter.map { GeneratorState.Phase.closing($0) }
    let before = move { phase in
      switch phase {
      case .unstarted: .over
      case .parked, .parkedInScope, .idle, .demanded, .awaited: left ?? .closed
      case .closed: left
      case .closing, .ended, .over: nil
      }
    }
    switch before.phase {
    case .parked(let continuation):
      record?.cancel(reason)
      resume(continuation)
    case .parkedInScope(let waiter), .awaited(let waiter):
      record?.cancel(reason)
      waiter.finish(.closed)
    case .idle, .demanded: record?.cancel(reason)
    default: break
    }
    return before
  }

  /// Leaves, and lets the producer end by itself; its error is reported then.
  @usableFromInline
  final func abandon() {
    guard case .ended = leave().phase else { return }
    do { try takeEnd() } catch { report(error) }
  }

  /// Leaves, and waits for the producer's end, whatever becomes of the waiting task; throws what it has thrown at its end.
  @usableFromInline
  final func close() async throws {
    let waiter = Waiter()
    let held = HeldWaiter(waiter)
    switch leave(waitingWith: held).phase {
    case .unstarted, .closing, .ended, .over: held.release()
    default: await waiter.waitUncancelled(for: "a generator to end")
    }
    try takeEnd()
  }

  final func report(_ error: any Error) {
    guard !(error is CancellationError), let record else { return }
    EventLoop.reportUnhandled(error, source: record.description)
  }
}
