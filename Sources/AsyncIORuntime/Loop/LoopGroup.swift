// Several loops for one run, each with its thread and its poller.
//
// Jobs stay on the loop on which they were made; a descriptor's events arrive on the loop that registered it. A loop
// that runs dry says so in `idle`, and the next loop that ends a turn with more than one item ready hands it half: work
// is given rather than taken, so that the ready queues need no lock and a single loop pays one test of nil a turn.
//
// Why a dry loop is not forgotten: it raises its bit before it decides to sleep and looks into its inbox after that
// (Inbox.swift); whoever clears the bit puts items into the inbox next. A bit that is left although the loop is awake
// again costs nothing but an early gift.

import Glibc
import Synchronization

/// The loops of one run.
final class LoopGroup: @unchecked Sendable {
  // Sendable: `loops` is constant after `init`, the rest is atomic.
  private(set) var loops: [EventLoop]
  /// Bit i says that loop i has run dry.
  private let idle = Atomic<UInt64>(0)
  private let stopped = Atomic<Bool>(false)
  private let running = Atomic<Int>(0)

  /// Adds `count` loops to `home` and starts their threads.
  init(home: EventLoop, count: Int) throws(IOError) {
    precondition(count > 1 && count <= 64, "a run has 1 to 64 threads, not \(count)")
    loops = [home]
    for _ in 1..<count { loops.append(try EventLoop()) }
    for loop in loops {
      loop.group = self
      unsafe loop.core.pointee.isShared = true
    }
    for (index, loop) in loops.enumerated().dropFirst() {
      running.add(1, ordering: .relaxed)
      LoopThread.start(named: "asyncio-loop-\(index)") { [self] in
        loop.drive { stopped.load(ordering: .acquiring) }
        running.subtract(1, ordering: .acquiringAndReleasing)
      }
    }
  }

  /// Ends the threads; what their loops still hold is dropped.
  func stop() {
    stopped.store(true, ordering: .releasing)
    for loop in loops.dropFirst() { loop.wake() }
    // Each ends its turn within one job's time; a job that blocks for ever keeps its thread, not this one.
    var looks = 0
    while running.load(ordering: .acquiring) > 0, looks < 1000 {
      looks += 1
      var pause = timespec(tv_sec: 0, tv_nsec: 1_000_000)
      _ = unsafe nanosleep(&pause, nil)
    }
    loops[0].group = nil
    // The loops hold the group and the group the loops, until here.
    guard running.load(ordering: .acquiring) == 0 else { return }
    for loop in loops { loop.group = nil }
  }

  func beginIdle(_ loop: EventLoop) {
    guard let index = loops.firstIndex(where: { $0 === loop }) else { return }
    idle.bitwiseOr(1 << UInt64(index), ordering: .sequentiallyConsistent)
  }

  func endIdle(_ loop: EventLoop) {
    guard let index = loops.firstIndex(where: { $0 === loop }) else { return }
    idle.bitwiseAnd(~(1 << UInt64(index)), ordering: .sequentiallyConsistent)
  }

  /// Gives half of what is ready on `loop`, this thread's, to a loop that has run dry.
  @inline(__always)
  func share(from loop: EventLoop) {
    let dry = idle.load(ordering: .relaxed)
    if dry != 0, unsafe loop.core.pointee.ready.count > 1 { give(from: loop, dry) }
  }

  private func give(from loop: EventLoop, _ dry: UInt64) {
    let index = dry.trailingZeroBitCount
    let bit: UInt64 = 1 << UInt64(index)
    // Whoever clears the bit gives; a second giver finds it cleared.
    guard idle.bitwiseAnd(~bit, ordering: .acquiringAndReleasing).oldValue & bit != 0 else { return }
    let receiver = loops[index]
    let count = unsafe loop.core.pointee.ready.count
    var given = 0
    for _ in 0..<count {
      let item = unsafe loop.core.pointee.ready.pop()
      // Callbacks, the main actor, and tasks that prefer this loop stay.
      if item.kind == .global, given < count / 2 {
        given += 1
        receiver.submit(item)
      } else {
        unsafe loop.core.pointee.ready.push(item)
      }
    }
  }
}

extension EventLoop {
  /// The loops of the run that this one belongs to, the home loop first.
  package var loopsOfRun: [EventLoop] { group?.loops ?? [self] }
}
