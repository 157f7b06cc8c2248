// Where poll slots live: in blocks that are never given back, so that a pointer in an event that was fetched
// long ago still points to a slot, if perhaps another's by now (see PollSlot.swift).
//
// The lock guards the free list only; the words of a slot in use are atomics.

import Synchronization

/// Hands out poll slots and takes them back.
final class PollSlotTable: @unchecked Sendable {
  // Sendable: the only mutable state is the free list, guarded by the mutex.
  @safe private struct FreeList: @unchecked Sendable {
    var first: UnsafeMutablePointer<PollSlot>?
  }

  /// One table serves all loops of the process, so that it needs no end of life.
  static let shared = PollSlotTable()

  private static let blockSize = 256
  private let free = Mutex(unsafe FreeList(first: nil))

  /// A slot with both directions in the state `ready`: the first system call finds out.
  func take() -> UnsafeMutablePointer<PollSlot> {
    let slot = unsafe free.withLock { free in
      if unsafe free.first == nil { unsafe free.first = Self.makeBlock() }
      // Just filled if it was empty.
      let slot = unsafe free.first.unsafelyUnwrapped
      unsafe free.first = slot.pointee.nextFree
      return unsafe slot
    }
    unsafe slot.pointee.generation.add(1, ordering: .relaxed)
    unsafe slot.pointee.reader.store(ReadinessWord.readyBit, ordering: .releasing)
    unsafe slot.pointee.writer.store(ReadinessWord.readyBit, ordering: .releasing)
    return unsafe slot
  }

  /// Takes back a slot whose two directions have been shut and that nobody will look at any more, but for
  /// stale events.
  func giveBack(_ slot: UnsafeMutablePointer<PollSlot>) {
    let slot = unsafe SlotPointer(slot: slot)
    free.withLock { free in
      unsafe slot.slot.pointee.nextFree = free.first
      unsafe free.first = slot.slot
    }
  }

  @safe private struct SlotPointer: @unchecked Sendable {
    let slot: UnsafeMutablePointer<PollSlot>
  }

  private static func makeBlock() -> UnsafeMutablePointer<PollSlot> {
    let block = UnsafeMutablePointer<PollSlot>.allocate(capacity: blockSize)
    for index in 0..<blockSize {
      unsafe (block + index).initialize(to: PollSlot())
      if index > 0 { unsafe block[index - 1].nextFree = block + index }
    }
    return unsafe block
  }
}
