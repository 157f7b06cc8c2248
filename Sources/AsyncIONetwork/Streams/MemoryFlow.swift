// One direction of a stream in memory.
//
//   open          bytes may be written and read            → ended, unread, broken
//   ended         the writer has ended: what is left can be read, and then the end   → unread, broken
//   unread        the reader has closed: nobody will read   (last)
//   broken        one side has aborted: what is left is lost (last)
//
// All state is under one mutex; whoever changes it takes out the waiters that may go on, and finishes them outside. A wake-up
// hands nothing over: who is woken looks again. So one that meets a cancellation is not lost, as what it tells of is still
// there for whoever comes next; and a waiter that was cancelled is taken out by the one who left it.

import AsyncIORuntime
import Glibc
import Synchronization

/// Bytes on their way from one end of a pair to the other.
final class MemoryFlow: Sendable {
  private enum Phase { case open, ended, unread, broken }

  private struct State {
    var phase = Phase.open
    var bytes: MemoryRing
    var reader: Waiter?
    var writer: Waiter?

    mutating func takeWaiters() -> (Waiter?, Waiter?) { (reader.take(), writer.take()) }
  }

  private enum Step<Value> { case done(Value, wake: Waiter?), wait(Waiter), failed(IOError) }

  private let state: Mutex<State>

  init(capacity: Int) { state = Mutex(State(bytes: MemoryRing(capacity: capacity))) }

  /// Reads what is there with `take`, and waits if nothing is; 0 at the end.
  ///
  /// - Parameters:
  ///   - isClosed: Whether the reader's end is closed.
  ///   - take: Takes bytes out of what is there, and returns how many.
  /// - Returns: How many bytes were taken.
  /// - Throws: `IOError`; `CancellationError`.
  func read(isClosed: () -> Bool, _ take: (inout MemoryRing) -> Int) async throws -> Int {
    if Descriptor.isOverBudget { try await checkpoint() }
    while true {
      try Task.checkCancellation()
      let step: Step<Int> = state.withLock { state in
        if isClosed() { return .failed(IOError(.closed, operation: "read")) }
        if state.reader != nil { return .failed(IOError(.busy, operation: "read")) }
        if state.phase == .broken {
          return .failed(IOError(.system, errno: ECONNRESET, operation: "read"))
        }
        if !state.bytes.isEmpty { return .done(take(&state.bytes), wake: state.writer.take()) }
        if state.phase == .ended { return .done(0, wake: nil) }
        let waiter = Waiter()
        state.reader = waiter
        return .wait(waiter)
      }
      switch step {
      case .done(let count, let waiter):
        waiter?.finish(.woken)
        return count
      case .failed(let error): throw error
      case .wait(let waiter):
        if await waiter.wait(for: "read") == .cancelled {
          state.withLock { if $0.reader === waiter { $0.reader = nil } }
        }
      }
    }
  }

  /// Writes what there is room for with `put`, and waits if there is none.
  ///
  /// - Parameters:
  ///   - isClosed: Whether the writer's end is closed.
  ///   - put: Adds bytes as there is room for, and returns how many.
  /// - Returns: How many bytes were added.
  /// - Throws: `IOError`; `CancellationError`.
  func write(isClosed: () -> Bool, _ put: (inout MemoryRing) -> Int) async throws -> Int {
    if Descriptor.isOverBudget { try await checkpoint() }
    while true {
      try Task.checkCancellation()
      let step: Step<Int> = state.withLock { state in
        if isClosed() { return .failed(IOError(.closed, operation: "write")) }
        if state.writer != nil { return .failed(IOError(.busy, operation: "write")) }
        guard state.phase == .open else {
          return .failed(IOError(.system, errno: EPIPE, operation: "write"))
        }
        if !state.bytes.isFull { return .done(put(&state.bytes), wake: state.reader.take()) }
        let waiter = Waiter()
        state.writer = waiter
        return .wait(waiter)
      }
      switch step {
      case .done(let count, let waiter):
        waiter?.finish(.woken)
        return count
      case .failed(let error): throw error
      case .wait(let waiter):
        if await waiter.wait(for: "write") == .cancelled {
          state.withLock { if $0.writer === waiter { $0.writer = nil } }
        }
      }
    }
  }

  /// The writer writes no more.
  func endWriting() { change { if $0.phase == .open { $0.phase = .ended } } }

  /// The reader reads no more: what is left is dropped.
  func endReading() {
    change { state in
      if state.phase != .broken { state.phase = .unread }
      state.bytes.removeAll()
    }
  }

  /// One side has aborted.
  func breakOff() {
    change { state in
      state.phase = .broken
      state.bytes.removeAll()
    }
  }

  private func change(_ body: (inout State) -> Void) {
    let (reader, writer) = state.withLock { state in
      body(&state)
      return state.takeWaiters()
    }
    reader?.finish(.woken)
    writer?.finish(.woken)
  }
}
