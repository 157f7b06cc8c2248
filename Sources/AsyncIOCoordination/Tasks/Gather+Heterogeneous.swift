// `gather` over operations of different types: each stores its value in a box of its type, and the rest is `gather` over a
// collection. The boxes are written by one operation each and read when all have ended.
//
// The work is done by one function with a parameter pack. It is not public itself: where a function is overloaded, as
// `gather` is, Swift 6.3 does not take a closure for `@Sendable` that is written where a pack of such functions is expected
// ("converting non-Sendable function value"), so that users would have to write `{ @Sendable in … }`. A pack of `sending`
// functions is accepted, and then not checked: two closures may share what only one may have.

import AsyncIORuntime

/// Runs two operations at once, and returns their values in the order of the arguments (asyncio's `gather`).
///
/// ```swift
/// let (user, posts) = try await gather({ try await user(1) }, { try await posts(of: 1) })
/// ```
///
/// When an operation throws, the other is cancelled and awaited, and its error is thrown.
///
/// - Parameters:
///   - first: Started first.
///   - second: Started next.
/// - Returns: The value of each.
/// - Throws: The first error that an operation throws, or `CancellationError`.
///
/// ## Cancellation
/// Cancels both operations, waits for their ends, and throws `CancellationError`, also if they have ended well.
@discardableResult
public func gather<First: Sendable, Second: Sendable>(
  _ first: @escaping @Sendable () async throws -> First,
  _ second: @escaping @Sendable () async throws -> Second
) async throws -> (First, Second) {
  try await gatherEach(first, second)
}

/// Runs three operations at once, and returns their values in the order of the arguments.
///
/// As `gather` of two.
///
/// - Parameters:
///   - first: Started first.
///   - second: Started next.
///   - third: Started last.
/// - Returns: The value of each.
/// - Throws: The first error that an operation throws, or `CancellationError`.
///
/// ## Cancellation
/// As for two.
@discardableResult
public func gather<First: Sendable, Second: Sendable, Third: Sendable>(
  _ first: @escaping @Sendable () async throws -> First,
  _ second: @escaping @Sendable () async throws -> Second,
  _ third: @escaping @Sendable () async throws -> Third
) async throws -> (First, Second, Third) {
  try await gatherEach(first, second, third)
}

/// Runs four operations at once, and returns their values in the order of the arguments.
///
/// As `gather` of two.
///
/// - Parameters:
///   - first: Started first.
///   - second: Started next.
///   - third: Started next.
///   - fourth: Started last.
/// - Returns: The value of each.
/// - Throws: The first error that an operation throws, or `CancellationError`.
///
/// ## Cancellation
/// As for two.
@discardableResult
public func gather<First: Sendable, Second: Sendable, Third: Sendable, Fourth: Sendable>(
  _ first: @escaping @Sendable () async throws -> First,
  _ second: @escaping @Sendable () async throws -> Second,
  _ third: @escaping @Sendable () async throws -> Third,
  _ fourth: @escaping @Sendable () async throws -> Fourth
) async throws -> (First, Second, Third, Fourth) {
  try await gatherEach(first, second, third, fourth)
}

/// Runs five operations at once, and returns their values in the order of the arguments.
///
/// As `gather` of two.
///
/// - Parameters:
///   - first: Started first.
///   - second: Started next.
///   - third: Started next.
///   - fourth: Started next.
///   - fifth: Started last.
/// - Returns: The value of each.
/// - Throws: The first error that an operation throws, or `CancellationError`.
///
/// ## Cancellation
/// As for two.
@discardableResult
public func gather<First: Sendable, Second: Sendable, Third: Sendable, Fourth: Sendable, Fifth: Sendable>(
  _ first: @escaping @Sendable () async throws -> First,
  _ second: @escaping @Sendable () async throws -> Second,
  _ third: @escaping @Sendable () async throws -> Third,
  _ fourth: @escaping @Sendable () async throws -> Fourth,
  _ fifth: @escaping @Sendable () async throws -> Fifth
) async throws -> (First, Second, Third, Fourth, Fifth) {
  try await gatherEach(first, second, third, fourth, fifth)
}

/// Runs six operations at once, and returns their values in the order of the arguments.
///
/// As `gather` of two.
///
/// - Parameters:
///   - first: Started first.
///   - second: Started next.
///   - third: Started next.
///   - fourth: Started next.
///   - fifth: Started next.
///   - sixth: Started last.
/// - Returns: The value of each.
/// - Throws: The first error that an operation throws, or `CancellationError`.
///
/// ## Cancellation
/// As for two.
@discardableResult
public func gather<
  First: Sendable, Second: Sendable, Third: Sendable, Fourth: Sendable, Fifth: Sendable, Sixth: Sendable
>(
  _ first: @escaping @Sendable () async throws -> First,
  _ second: @escaping @Sendable () async throws -> Second,
  _ third: @escaping @Sendable () async throws -> Third,
  _ fourth: @escaping @Sendable () async throws -> Fourth,
  _ fifth: @escaping @Sendable () async throws -> Fifth,
  _ sixth: @escaping @Sendable () async throws -> Sixth
) async throws -> (First, Second, Third, Fourth, Fifth, Sixth) {
  try await gatherEach(first, second, third, fourth, fifth, sixth)
}

/// As `gather` of two, for any number.
func gatherEach<each Result: Sendable>(
  _ operation: repeat @escaping @Sendable () async throws -> each Result
) async throws -> (repeat each Result) {
  let box = (repeat GatheredValue<each Result>())
  var operations: [@Sendable () async throws -> Void] = []
  for (box, operation) in repeat (each box, each operation) {
    operations.append { box.value = try await operation() }
  }
  _ = try await gather(operations) { operation in try await operation() }
  return (repeat (each box).take())
}

/// The value of one operation.
private final class GatheredValue<Value: Sendable>: @unchecked Sendable {
  // Sendable: see the head of this file.
  var value: Value?

  func take() -> Value {
    guard let value else {
      preconditionFailure("gather has ended without an error, and an operation left no value")
    }
    return value
  }
}
