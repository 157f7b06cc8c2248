internal import AsyncIORuntime
import Synchronization

/// Lets everything run that can run now, until the loop has nothing left but timers and waits.
///
/// For tests that look at what others have done so far, in the middle of things. Time does not move.
///
/// ```swift
/// let waiter = Task { await event.wait(); order.append("woken") }
/// await settle()  // the waiter is waiting now
/// event.set()
/// await settle()
/// #expect(order == ["woken"])
/// ```
///
/// Events that descriptors have by now are taken too. Tasks that give way again and again keep this from returning.
/// Called where no trait of this module is at work, it gives way once.
///
/// ## Cancellation
/// Does not end it.
public func settle() async {
  guard let run = TestRun.current else { return await Task.yield() }
  run.settling.add(1, ordering: .relaxed)
  defer { run.settling.subtract(1, ordering: .relaxed) }
  repeat { await giveWay() } while !run.isSettled
}

extension TestRun {
  /// Whether nobody but those who wait in `settle` can run.
  fileprivate var isSettled: Bool {
    guard loop.isCurrent else { return true }
    return loop.isQuiet(besides: settling.load(ordering: .relaxed) - 1)
  }
}
