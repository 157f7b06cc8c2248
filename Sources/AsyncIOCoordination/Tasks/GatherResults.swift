// `gatherResults`: `gather` with errors as values (asyncio's `return_exceptions=True`). An operation that cannot throw cannot
// end the others, so it is `gather` over operations that catch; all else is argued there.
//
// Overloads rather than a parameter pack: see Gather+Heterogeneous.swift.

/// Runs `operation` for each element at once, or at most `limit` at a time, and returns what has become of each, in the order
/// of the elements (asyncio's `gather` with `return_exceptions=True`).
///
/// ```swift
/// for (url, result) in zip(urls, try await gatherResults(urls, limit: 10) { try await fetch($0) }) {
///   switch result {
///   case .success(let page): print(url, page.count)
///   case .failure(let error): print(url, error)
///   }
/// }
/// ```
///
/// An error ends no other operation. A `CancellationError` of an operation is an error as others are.
///
/// - Parameters:
///   - elements: What to run the operation for.
///   - limit: How many operations may run at once, at least 1; all of them if nil.
///   - operation: Started in the order of the elements.
/// - Returns: One result for each element, in their order; an empty array for no elements.
/// - Throws: `CancellationError` when the caller is cancelled, and nothing else.
/// - Complexity: O(n); as many tasks as operations are suspended at once.
///
/// ## Cancellation
/// Cancels all operations, waits for their ends, and throws `CancellationError`, whatever has become of them.
@inlinable
public func gatherResults<Elements: Sequence, Value: Sendable>(
  _ elements: Elements,
  limit: Int? = nil,
  _ operation: @escaping @Sendable (Elements.Element) async throws -> Value
) async throws -> [Result<Value, any Error>] where Elements.Element: Sendable {
  try await gather(elements, limit: limit) { element in
    do { return .success(try await operation(element)) } catch { return .failure(error) }
  }
}

/// Runs two operations at once, and returns what has become of each, in the order of the arguments.
///
/// ```swift
/// let (user, posts) = try await gatherResults({ try await user(1) }, { try await posts(of: 1) })
/// let name = try user.get().name
/// ```
///
/// - Parameters:
///   - first: Started first.
///   - second: Started next.
/// - Returns: The value or the error of each.
/// - Throws: `CancellationError` when the caller is cancelled, and nothing else.
///
/// ## Cancellation
/// Cancels both operations, waits for their ends, and throws `CancellationError`, whatever has become of them.
public func gatherResults<First: Sendable, Second: Sendable>(
  _ first: @escaping @Sendable () async throws -> First,
  _ second: @escaping @Sendable () async throws -> Second
) async throws -> (Result<First, any Error>, Result<Second, any Error>) {
  try await gatherEach(catching(first), catching(second))
}

/// Runs three operations at once, and returns what has become of each, in the order of the arguments.
///
/// - Parameters:
///   - first: Started first.
///   - second: Started next.
///   - third: Started last.
/// - Returns: The value or the error of each.
/// - Throws: `CancellationError` when the caller is cancelled, and nothing else.
///
/// ## Cancellation
/// As for two.
public func gatherResults<First: Sendable, Second: Sendable, Third: Sendable>(
  _ first: @escaping @Sendable () async throws -> First,
  _ second: @escaping @Sendable () async throws -> Second,
  _ third: @escaping @Sendable () async throws -> Third
) async throws -> (Result<First, any Error>, Result<Second, any Error>, Result<Third, any Error>) {
  try await gatherEach(catching(first), catching(second), catching(third))
}

/// Runs four operations at once, and returns what has become of each, in the order of the arguments.
///
/// - Parameters:
///   - first: Started first.
///   - second: Started next.
///   - third: Started next.
///   - fourth: Started last.
/// - Returns: The value or the error of each.
/// - Throws: `CancellationError` when the caller is cancelled, and nothing else.
///
/// ## Cancellation
/// As for two.
public func gatherResults<First: Sendable, Second: Sendable, Third: Sendable, Fourth: Sendable>(
  _ first: @escaping @Sendable () async throws -> First,
  _ second: @escaping @Sendable () async throws -> Second,
  _ third: @escaping @Sendable () async throws -> Third,
  _ fourth: @escaping @Sendable () async throws -> Fourth
) async throws -> (
  Result<First, any Error>,
  Result<Second, any Error>,
  Result<Third, any Error>,
  Result<Fourth, any Error>
) {
  try await gatherEach(catching(first), catching(second), catching(third), catching(fourth))
}

/// Runs five operations at once, and returns what has become of each, in the order of the arguments.
///
/// - Parameters:
///   - first: Started first.
///   - second: Started next.
///   - third: Started next.
///   - fourth: Started next.
///   - fifth: Started last.
/// - Returns: The value or the error of each.
/// - Throws: `CancellationError` when the caller is cancelled, and nothing else.
///
/// ## Cancellation
/// As for two.
public func gatherResults<
  First: Sendable, Second: Sendable, Third: Sendable, Fourth: Sendable, Fifth: Sendable
>(
  _ first: @escaping @Sendable () async throws -> First,
  _ second: @escaping @Sendable () async throws -> Second,
  _ third: @escaping @Sendable () async throws -> Third,
  _ fourth: @escaping @Sendable () async throws -> Fourth,
  _ fifth: @escaping @Sendable () async throws -> Fifth
) async throws -> (
  Result<First, any Error>,
  Result<Second, any Error>,
  Result<Third, any Error>,
  Result<Fourth, any Error>,
  Result<Fifth, any Error>
) {
  try await gatherEach(
    catching(first), catching(second), catching(third), catching(fourth), catching(fifth))
}

/// Runs six operations at once, and returns what has become of each, in the order of the arguments.
///
/// - Parameters:
///   - first: Started first.
///   - second: Started next.
///   - third: Started next.
///   - fourth: Started next.
///   - fifth: Started next.
///   - sixth: Started last.
/// - Returns: The value or the error of each.
/// - Throws: `CancellationError` when the caller is cancelled, and nothing else.
///
/// ## Cancellation
/// As for two.
public func gatherResults<
  First: Sendable, Second: Sendable, Third: Sendable, Fourth: Sendable, Fifth: Sendable, Sixth: Sendable
>(
  _ first: @escaping @Sendable () async throws -> First,
  _ second: @escaping @Sendable () async throws -> Second,
  _ third: @escaping @Sendable () async throws -> Third,
  _ fourth: @escaping @Sendable () async throws -> Fourth,
  _ fifth: @escaping @Sendable () async throws -> Fifth,
  _ sixth: @escaping @Sendable () async throws -> Sixth
) async throws -> (
  Result<First, any Error>,
  Result<Second, any Error>,
  Result<Third, any Error>,
  Result<Fourth, any Error>,
  Result<Fifth, any Error>,
  Result<Sixth, any Error>
) {
  try await gatherEach(
    catching(first), catching(second), catching(third), catching(fourth), catching(fifth), catching(sixth))
}

private func catching<Value: Sendable>(
  _ operation: @escaping @Sendable () async throws -> Value
) -> @Sendable () async throws -> Result<Value, any Error> {
  {
    do { return .success(try await operation()) } catch { return .failure(error) }
  }
}
