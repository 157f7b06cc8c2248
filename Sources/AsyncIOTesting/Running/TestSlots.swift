// How many tests run at the same time.
//
// Swift Testing starts all tests of a process together. Each has a thread and a deadline here, so that hundreds of
// them would share two processors and miss their deadlines for no fault of theirs. A test takes a slot first, in the order
// of arrival, and its time begins then. A slot is handed over, not freed and taken again, so that nobody overtakes.

import Glibc
import Synchronization

/// A limit on the tests that run at the same time.
final class TestSlots: Sendable {
  @safe private struct State {
    var free: Int
    var waiting: [UnsafeContinuation<Void, Never>] = unsafe []
    var next = 0
  }

  static let shared = TestSlots(count: max(2, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))))

  private let state: Mutex<State>

  init(count: Int) {
    state = unsafe Mutex(State(free: count))
  }

  /// Calls `body` as soon as there is a slot.
  func withSlot<Result>(_ body: () async throws -> Result) async rethrows -> Result {
    await take()
    defer { giveBack() }
    return try await body()
  }

  private func take() async {
    unsafe await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      let hasSlot = state.withLock { state in
        if state.free > 0 {
          state.free -= 1
          return true
        }
        unsafe state.waiting.append(continuation)
        return false
      }
      if hasSlot { unsafe continuation.resume() }
    }
  }

  private func giveBack() {
    let heir = unsafe state.withLock { state -> UnsafeContinuation<Void, Never>? in
      guard unsafe state.next < state.waiting.count else {
        unsafe state.waiting.removeAll()
        state.next = 0
        state.free += 1
        return nil
      }
      state.next += 1
      return unsafe state.waiting[state.next - 1]
    }
    unsafe heir?.resume()
  }
}
