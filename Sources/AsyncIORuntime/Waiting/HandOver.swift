// Handing the thread over: a task that is resumed runs at once, inside of the job that resumes it, up to its next suspension.
//
// Two tasks that take turns, of which the one only works while the other waits, need no pass through the ready queue: what the
// second has to say is there when the call returns, and the first need not suspend at all. The language does the same where it
// starts a task immediately: the job of one task is run inside of that of another.
//
// The task is resumed as always, which puts its job into a queue. If that is this loop's ready queue, the job is the youngest
// there, and it is taken out again and run. If it is not (the task belongs to an actor or another executor, it has not reached
// its suspension yet, there is no loop), the task runs when its turn comes, and the call returns without that.
//
// What bounds it: the depth, as tasks that hand over to tasks that hand over use up the stack; and the budget of the running
// job, so that two tasks that never wait for anything else do not keep all others from running. A seeded schedule is to try other
// orders, and gets to choose.

import Synchronization

extension EventLoop {
  /// How many jobs may run inside of one another.
  static let deepestHandOver = 32

  /// Resumes a task, and runs it here up to its next suspension where that can be.
  ///
  /// - Parameter continuation: What `withUnsafeContinuation` has given, as a word; used up by this.
  package static func handOver(to continuation: UInt) {
    ReadinessWord.resume(continuation)
    // A continuation is the address of its task.
    runIfYoungest(continuation & ~ParkingPlace.jobBit)
  }

  /// Makes a task, and runs it here up to its first suspension where that can be.
  ///
  /// For tasks that switch often: one that the language starts immediately has a record of what executor it prefers, even if it
  /// prefers none, and each switch takes a lock to look at it.
  package static func startHere(_ body: @escaping @Sendable @isolated(any) () async throws -> Void) {
    let task = preference.map { Task(executorPreference: $0, operation: body) } ?? Task(operation: body)
    // A task is one pointer. The job, if it is here, is not yet run, so that the task lives.
    runIfYoungest(unsafe unsafeBitCast(task, to: UInt.self))
  }

  /// Runs the job of the task at `address` if it has just been made ready on this thread's loop.
  private static func runIfYoungest(_ address: UInt) {
    guard let core = unsafe LoopCore.current, let item = unsafe core.pointee.takeYoungest(address)
    else { return }
    // The loop whose core is in the thread-local word is being driven, hence alive.
    unsafe core.pointee.loop._withUnsafeGuaranteedRef { $0.runInside(item) }
    unsafe core.pointee.depth -= 1
  }

  /// Runs the job of a task inside of the running job.
  func runInside(_ item: ReadyItem) {
    let mayPark = unsafe core.pointee.mayPark
    unsafe core.pointee.mayPark = item.kind == .global
    if item.kind == .preferred {
      unsafe item.job.runSynchronously(on: asUnownedTaskExecutor())
    } else {
      InstalledExecutors.runGlobal(item.job)
    }
    unsafe core.pointee.mayPark = mayPark
  }
}

extension LoopCore {
  /// Takes the job of the task at `address` if it is to be run at once, and counts it.
  fileprivate mutating func takeYoungest(_ address: UInt) -> ReadyItem? {
    let mayBeTaken = isQueueWhole.load(ordering: .relaxed)
    if mayBeTaken { beginChange() }
    defer { if mayBeTaken { endChange() } }
    // The job of a task has the address of the task.
    guard let last = ready.last, last.word & ~7 == address, last.kind != .main,
      budget > 0, depth < EventLoop.deepestHandOver, !isSeeded
    else { return nil }
    budget -= 1
    depth += 1
    return ready.popLast()
  }
}
