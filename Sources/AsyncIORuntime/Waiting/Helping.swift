// Helping: a task that has to wait runs the one other task that is ready inside of its own job, and suspends only if that has not
// brought what it waits for.
//
// Two tasks that take turns, and a task that waits for one it has just made, need one suspension less for each pass: the one that
// waits is there still when the other has done its part.
//
// The order of the tasks is what it is without. What is ready is one task, which would be run next anyway. What wakes the waiting
// task meanwhile puts the loop's ticket into the ready queue, at the place at which its job would be. If the ticket is the first
// there when the other task has suspended, the waiting task takes it and goes on. If others stand before it, or it comes from
// another thread and is on its way still, the task suspends after all, and is run when the loop comes to the ticket. If
// nothing has woken it, it suspends as always.
//
// Who may help: a task that may park (Parking.swift) and whose job is the loop's own item. One that was started inside of another's
// job must return to that soon, as the code that has started it may hold a lock. There is one ticket, hence one helper at a time; no
// task helps inside of another. What bounds it: a task that is helped is one of the items of the loop's turn, so that timers and
// descriptors are looked at as often as ever; and a job whose budget is used up is to return. Where a seed chooses what is next, or other loops may be given what is ready, nobody helps.

internal import CAsyncIO
import Synchronization

extension Waiter {
  /// Runs the only task that is ready, if there is one and the current task may.
  ///
  /// - Returns: Where the current task must park; 0 if the wait has ended.
  @inline(__always)
  final func placeAfterHelping(_ core: UnsafeMutablePointer<LoopCore>) -> UInt {
    unsafe core.pointee.ready.count == 1 && core.pointee.mayHelp ? unsafe help(core) : ParkingPlace.of(self)
  }

  @inline(never)
  private final func help(_ core: UnsafeMutablePointer<LoopCore>) -> UInt {
    let ticket = unsafe core.pointee.ticket.word | ParkingPlace.jobBit
    guard park(ticket) else { return 0 }
    let item = unsafe core.pointee.beginHelping()
    // A task that was started in this job, and gave way: it would come behind the item, if this task had suspended.
    unsafe LoopCore.resumeYielded(core)
    // The loop whose core this is is being driven, hence alive.
    unsafe core.pointee.loop._withUnsafeGuaranteedRef { $0.runInside(item) }
    unsafe LoopCore.resumeYielded(core)
    return unsafe core.pointee.endHelping(isTicketUsed: !takeBack(ticket), ParkingPlace.of(self))
  }
}

extension LoopCore {
  /// The item that stands for the task that helps.
  fileprivate var ticket: ReadyItem {
    unsafe loop._withUnsafeGuaranteedRef { unsafe ReadyItem(leaderOf: $0.core) }
  }

  /// Whether the current task may run what is ready.
  fileprivate var mayHelp: Bool {
    guard depth == 0, budget > 0, itemsLeft > 1, !isTicketOut, !isShared, !isSeeded, let item = ready.last
    else { return false }
    return (item.kind == .global || item.kind == .preferred)
      && (unsafe UInt(bitPattern: casyncio_current_task())) == runningTask
  }

  /// Takes the only item, and gives the ticket out.
  fileprivate mutating func beginHelping() -> ReadyItem {
    isTicketOut = true
    itemsLeft -= 1
    depth += 1
    return ready.popLast()
  }

  /// Decides what becomes of the task that has helped.
  ///
  /// - Returns: Where it must park; 0 if it goes on.
  fileprivate mutating func endHelping(isTicketUsed: Bool, _ place: UInt) -> UInt {
    depth -= 1
    guard isTicketUsed else {
      isTicketOut = false
      return place
    }
    guard ready.first?.word == ticket.word else { return ParkingPlace.asLeader }
    _ = ready.pop()
    isTicketOut = false
    return 0
  }

  /// Takes the job of the task that has suspended until the loop comes to its ticket, which is now.
  mutating func takeLeader() -> ReadyItem {
    precondition(leader != 0, "a ticket has come to its turn, and no task waits with it")
    defer { leader = 0 }
    isTicketOut = false
    return ReadyItem(word: leader)
  }

  /// Makes the ticket that is resumed as `word` ready on its loop, from any thread.
  static func useTicket(_ word: UInt) {
    let item = ReadyItem(word: word & ~ParkingPlace.jobBit)
    // The loop lives, as one of its tasks is helping.
    unsafe item.core?.pointee.loop._withUnsafeGuaranteedRef { $0.enqueue(item) }
  }
}
