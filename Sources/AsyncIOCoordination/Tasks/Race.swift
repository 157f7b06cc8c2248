// `race`: the operations in the order of the arguments, each run at once up to its first suspension, until one has decided.
//
// Starting lazily is tokio's biased `select!` (poll in order, stop at the first that is ready) rather than asyncio's `wait`
// (start all, then look): where the first is ready the others cost nothing, and have no effects that somebody must undo.
//
// The functions are inlinable, so that in the caller's module they become code for the caller's types.
//
// Who decides, and what happens to who is cancelled when, is argued in Contest.swift.

import AsyncIORuntime

/// What decides a race.
public enum RaceRule: Sendable {
  /// The first operation to end, well or not (JavaScript's `Promise.race`).
  case firstCompleted
  /// The first operation to return a value (JavaScript's `Promise.any`); errors count only if no operation does.
  case firstSuccess
}

/// Runs operations at once, and returns the value of the first that ends; the others are cancelled and awaited.
///
/// ```swift
/// let answer = try await race({ try await ask(primary) }, { try await ask(replica) })
/// ```
///
/// Operations are started in the order of the arguments. One that ends without having waited for anything decides the race
/// before the next is started, so that a race whose answer is at hand costs little. Values and errors of the others are
/// dropped. As tokio's `select!`; in asyncio, `wait(…, return_when=FIRST_COMPLETED)` and then cancelling and awaiting the rest.
///
/// - Parameters:
///   - operations: At least one.
///   - rule: Whether the first end decides, or the first success.
/// - Returns: The value of the winner.
/// - Throws: By the first end, the error of that operation. By the first success, if all operations fail: the error if it is
///   one, an `ErrorGroup` of them all otherwise. `CancellationError` if the caller was cancelled first.
/// - Complexity: O(n); a task for each operation that is started.
///
/// ## Cancellation
/// Cancels all operations, waits for their ends, and throws `CancellationError`, whatever they return. A race that was decided
/// before is not changed by it: the winner's value is returned, never lost.
@inlinable
public func race<Value: Sendable>(
  _ operations: (@Sendable () async throws -> Value)..., until rule: RaceRule = .firstCompleted
) async throws -> Value {
  try await race(operations, until: rule)
}

/// Runs operations at once, and returns the value of the first that ends; the others are cancelled and awaited.
///
/// As `race` of single operations.
///
/// - Parameters:
///   - operations: At least one; started in their order.
///   - rule: Whether the first end decides, or the first success.
/// - Returns: The value of the winner.
/// - Throws: As `race` of single operations.
/// - Complexity: O(n); a task for each operation that is started.
///
/// ## Cancellation
/// Cancels all operations, waits for their ends, and throws `CancellationError`, unless the race was decided before.
@inlinable
public func race<Value: Sendable>(
  _ operations: [@Sendable () async throws -> Value], until rule: RaceRule = .firstCompleted
) async throws -> Value {
  try await race(operations, until: rule) { operation in try await operation() }
}

/// Runs `operation` for each element at once, and returns the value of the first that ends; the others are cancelled and
/// awaited.
///
/// ```swift
/// let page = try await race(mirrors, until: .firstSuccess) { try await fetch($0) }
/// ```
///
/// As `race` of single operations.
///
/// - Parameters:
///   - elements: At least one; those after one whose operation ends without waiting are not asked for.
///   - rule: Whether the first end decides, or the first success.
///   - operation: Started in the order of the elements.
/// - Returns: The value of the winner.
/// - Throws: As `race` of single operations.
/// - Complexity: O(n); a task for each operation that is started.
///
/// ## Cancellation
/// Cancels all operations, waits for their ends, and throws `CancellationError`, unless the race was decided before.
@inlinable
public func race<Elements: Sequence, Value: Sendable>(
  _ elements: Elements, until rule: RaceRule = .firstCompleted,
  _ operation: @escaping @Sendable (Elements.Element) async throws -> Value
) async throws -> Value where Elements.Element: Sendable {
  try Task.checkCancellation()
  let contest = Contest<Value>(endsWithError: rule == .firstCompleted)
  return try await withTaskCancellationHandler {
    var isEmpty = true
    for element in elements {
      contest.start { try await operation(element) }
      isEmpty = false
      if contest.isDecided { break }
    }
    precondition(!isEmpty, "race needs at least one operation, and was given none")
    await contest.waitForEnd()
    guard let value = contest.value else { throw contest.failure }
    return value
  } onCancel: {
    contest.cancel()
  }
}
