// A child of this process, from its start until its end has been taken from the system.
//
// Linux keeps the number of a child that has ended until somebody asks for its end ("reaps" it); after that the number
// may be another process's. So
//
//   running    signals may be sent                                                  → ending, ended
//   ending     it was told to end: what is left of its group is killed with it      → ended
//   ended      reaped: no signal is sent any more                                   (last)
//
// and the state is under a mutex during both the reaping and the sending of signals: one to the child goes by its
// pidfd, which can never mean another process, and one to its group by number, which is its own until the reaping.
//
// Who waits: the pidfd becomes readable when the child has ended. One task at a time waits for it, the others stand in line
// at a lock and find the state `ended` when their turn comes; when the one in front is cancelled the next takes its place.
// No SIGCHLD, no thread, no interference with children that others have started.

import AsyncIOCoordination
import AsyncIORuntime
internal import CAsyncIO
import Glibc
import Synchronization

/// A child process and its end.
final class ChildProcess: Sendable {
  private enum State {
    case running, ending
    case ended(Result<ExitStatus, IOError>)
  }

  let identifier: CInt
  private let leadsGroup: Bool
  private let descriptor: Descriptor
  private let state = Mutex(State.running)
  private let turn = AsyncLock()

  /// Takes over a child that was started and has not been reaped.
  ///
  /// - Parameters:
  ///   - identifier: Its number.
  ///   - descriptor: Its pidfd.
  ///   - leadsGroup: Whether its number is that of a process group.
  init(_ identifier: CInt, _ descriptor: Descriptor, leadsGroup: Bool) {
    self.identifier = identifier
    self.descriptor = descriptor
    self.leadsGroup = leadsGroup
  }

  // MARK: Waiting

  /// How the child has ended; waits until it has.
  func wait() async throws -> ExitStatus {
    if let outcome = reapIfEnded() { return try outcome.get() }
    return try await turn.withLock {
      while true {
        do {
          if let outcome = try reapOrNoteThatItRuns() { return try outcome.get() }
          try await descriptor.waitUntilReady(.read, "wait for a child process")
        } catch let error as IOError where error.code == .closed {
          // Somebody has asked for the status meanwhile, and has reaped the child by that.
          if let outcome = reapIfEnded() { return try outcome.get() }
          throw error
        }
      }
    }
  }

  /// Reaps the child if it has ended; what comes of it the first time is kept.
  func reapIfEnded() -> Result<ExitStatus, IOError>? {
    let outcome = state.withLock { state -> Result<ExitStatus, IOError>? in
      switch state {
      case .ended(let outcome): return outcome
      case .running, .ending: break
      }
      guard
        let outcome = try? descriptor.withNumber("waitid", { number throws(IOError) in reap(number, state) })
      else { return nil }
      state = .ended(outcome)
      return outcome
    }
    if outcome != nil { descriptor.close() }
    return outcome
  }

  /// As `reapIfEnded`, in the way in which a descriptor is asked before it is waited for.
  private func reapOrNoteThatItRuns() throws -> Result<ExitStatus, IOError>? {
    if case .ended(let outcome) = state.withLock({ $0 }) { return outcome }
    var outcome: Result<ExitStatus, IOError>?
    _ = try descriptor.attempt(.read, "wait for a child process") { _ in
      outcome = reapIfEnded()
      errno = EAGAIN
      return outcome == nil ? -1 : 0
    } isDrained: { _ in
      false
    }
    return outcome
  }

  private func reap(_ pidfd: CInt, _ state: State) -> Result<ExitStatus, IOError>? {
    if case .ending = state, leadsGroup, hasEnded(pidfd) {
      // As long as its leader has not been reaped, the group's number is its own.
      kill(-identifier, SIGKILL)
    }
    var bySignal = false
    var value: CInt = 0
    switch unsafe casyncio_reap(pidfd, &bySignal, &value) {
    case 0: return nil
    case 1: return .success(bySignal ? .signaled(value) : .exited(code: value))
    case let failure:
      return .failure(Self.endWasTaken(identifier, errno: -failure))
    }
  }

  /// What to throw where the system knows the child no more, although nobody here has asked for its end.
  static func endWasTaken(_ identifier: CInt, errno: CInt) -> IOError {
    IOError(
      .system, errno: errno, operation: "wait for a child process",
      detail:
        "\(identifier), whose end somebody else has taken: SIGCHLD is ignored, or another part of the program "
        + "waits for all children")
  }

  private func hasEnded(_ pidfd: CInt) -> Bool {
    var entry = pollfd(fd: pidfd, events: CShort(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 0) > 0
  }

  // MARK: Ending

  /// Sends a signal to the child, or to its group if it leads one; false if it has ended.
  func send(_ signal: CInt, toGroup: Bool = false) throws(IOError) -> Bool {
    let failure = state.withLock { state -> CInt? in
      if case .ended = state { return nil }
      if toGroup && leadsGroup { return kill(-identifier, signal) == 0 ? 0 : errno }
      return try? descriptor.withNumber("kill") { number throws(IOError) in
        casyncio_pidfd_signal(number, signal)
      }
    }
    switch failure {
    case nil, ESRCH: return false
    case 0: return true
    case let failure?:
      throw IOError(.system, errno: failure, operation: "send signal \(signal) to process \(identifier)")
    }
  }

  /// Ends the child: asks it to, kills it when it takes longer than `grace`, and reaps it.
  ///
  /// To be called under a shield, or a cancellation would keep it from waiting.
  func end(within grace: Duration) async {
    state.withLock { state in
      if case .running = state { state = .ending }
    }
    // EPERM: it has taken another user's rights. Then there is nothing to do but to wait for it.
    _ = try? send(SIGTERM, toGroup: true)
    _ = try? await withTimeoutOrNil(grace) { _ = try await self.wait() }
    guard reapIfEnded() == nil else { return }
    _ = try? send(SIGKILL, toGroup: true)
    _ = try? await wait()
  }
}
