// `staggeredRace`: a race whose operations start one after another (asyncio's `staggered_race`, RFC 8305's Happy Eyeballs).
//
// The caller's task is the starter: it starts one, then waits for the delay, for the failure of the one that it has started
// last, or for the decision, whichever comes first; the waiter that it leaves in the contest is finished by the latter two, and
// by the alarm. A failure of an earlier one starts nothing, as in asyncio: its successor was started long ago.
//
// Cancelled while it waits for the next start: the contest is cancelled by the caller's cancellation handler, before or after
// the waiter is finished as cancelled; so the starter may find the contest undecided once more, and says `cancel` itself. All
// else is argued in Contest.swift.

import AsyncIORuntime

/// Runs `operation` for one element after another, the next as soon as the one before has failed or `delay` is over, and
/// returns the first value (asyncio's `staggered_race`).
///
/// ```swift
/// let (stream, index, _) = try await staggeredRace(addresses, delay: .milliseconds(250)) { address in
///   try await TCPStream.connect(to: address)
/// }
/// ```
///
/// When an operation returns a value, those that run are cancelled and awaited, and no more are started. If one ends without
/// having waited for anything, the next was not started yet.
///
/// - Parameters:
///   - elements: What to run the operation for, in the order of preference; at least one.
///   - delay: How long after an operation its successor starts, on the loop's clock; only after its failure if nil; all at once
///     if zero.
///   - operation: Returns if it has succeeded, throws if not.
/// - Returns: The value; the index of the element that it is for; and an entry for each operation that was started, in
///   the order of the elements: its error, or nil for the winner and for those that it has beaten to a value. Those that were
///   cancelled have a `CancellationError` as a rule.
/// - Throws: If none succeeds: the error if it is one, an `ErrorGroup` of them all, in the order in which they came,
///   otherwise. `CancellationError` if the caller was cancelled first.
/// - Complexity: O(n); a task for each operation that is started, and one timer.
///
/// ## Cancellation
/// Cancels all operations, starts no more, waits for their ends, and throws `CancellationError`, whatever they return. A race
/// that was decided before is not changed by it: the winner's value is returned, never lost.
public func staggeredRace<Elements: Sequence, Value: Sendable>(
  _ elements: Elements, delay: Duration?,
  _ operation: @escaping @Sendable (Elements.Element) async throws -> Value
) async throws -> (value: Value, index: Int, errors: [(any Error)?]) where Elements.Element: Sendable {
  try Task.checkCancellation()
  let contest = Contest<Value>(endsWithError: false)
  return try await withTaskCancellationHandler {
    var iterator = elements.makeIterator()
    var next = iterator.next()
    precondition(next != nil, "staggeredRace needs at least one operation, and was given none")
    while let element = next, !contest.isDecided {
      contest.start { try await operation(element) }
      next = iterator.next()
      if next != nil { await contest.waitForNextStart(delay) }
    }
    await contest.waitForEnd()
    return try contest.staggeredWinner()
  } onCancel: {
    contest.cancel()
  }
}

/// Runs one operation after another, the next as soon as the one before has failed or `delay` is over, and returns the
/// first value.
///
/// As `staggeredRace` over elements.
///
/// - Parameters:
///   - operations: In the order of preference; at least one.
///   - delay: How long after an operation its successor starts; only after its failure if nil.
/// - Returns: As over elements.
/// - Throws: As over elements.
/// - Complexity: O(n); a task for each operation that is started, and one timer.
///
/// ## Cancellation
/// Cancels all operations, starts no more, waits for their ends, and throws `CancellationError`, unless the race was decided
/// before.
public func staggeredRace<Value: Sendable>(
  _ operations: [@Sendable () async throws -> Value], delay: Duration?
) async throws -> (value: Value, index: Int, errors: [(any Error)?]) {
  try await staggeredRace(operations, delay: delay) { operation in try await operation() }
}

extension Contest {
  /// Waits until the operation that was started last has failed, the contest is decided, or `delay` is over.
  fileprivate func waitForNextStart(_ delay: Duration?) async {
    if let delay, delay <= .zero { return }
    let waiter = Waiter()
    guard notify(waiter) else { return }
    let alarm = delay.map { delay in
      Alarm(at: LoopClock.now.advanced(by: delay).nanoseconds, on: .orDefault, for: waiter)
    }
    let outcome = await waiter.wait(for: "the next start of a staggered race")
    alarm?.cancel()
    if outcome == .cancelled { cancel() }
  }

  /// What the winner has left, when all operations have ended; throws what there is instead.
  fileprivate func staggeredWinner() throws -> (value: Value, index: Int, errors: [(any Error)?]) {
    let (outcome, started, failures) = result
    guard case .won(let index) = outcome, let value else { throw failure }
    var errors = [(any Error)?](repeating: nil, count: started)
    for failure in failures { errors[failure.index] = failure.error }
    return (value, index, errors)
  }
}
