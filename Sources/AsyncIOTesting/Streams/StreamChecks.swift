// What every byte stream must do, checked the same way for all of them (trio's `check_one_way_stream` and its like).
//
// Each promise is a function that makes a pair of its own, so that one that fails spoils no other.

public import AsyncIONetwork
public import Testing

/// Checks that what one stream writes another one reads, and how both end (trio's `check_one_way_stream`).
///
/// To be called in a test of a stream of one's own; what does not hold is recorded as an issue of that test.
///
/// ```swift
/// @Test(.realTime) func `a pipe is a stream`() async throws {
///   try await checkOneWayStream { let ends = try makePipe(); return (ends.writer, ends.reader) }
/// }
/// ```
///
/// - Parameters:
///   - sourceLocation: Where issues are shown.
///   - make: Makes a new pair: what the first one writes, the second one reads. A write must wait, sooner or later, for somebody to
///     read.
/// - Throws: What `make` throws, and errors that a stream should not have thrown.
///
/// ## Cancellation
/// Ends the check that is under way.
public func checkOneWayStream<Writer: WritableByteStream, Reader: ReadableByteStream>(
  sourceLocation: SourceLocation = #_sourceLocation,
  _ make: @Sendable () async throws -> (Writer, Reader)
) async throws {
  let checks = OneWayChecks<Writer, Reader>(sourceLocation)
  try await checks.order(make())
  try await checks.waiting(make())
  try await checks.emptiness(make())
  try await checks.pieces(make())
  try await checks.end(make())
  try await checks.backPressure(make())
  try await checks.cancelledRead(make())
  try await checks.cancelledWrite(make())
  try await checks.cancelledBefore(make())
  try await checks.unread(make())
  try await checks.abort(make())
  try await checks.closedReader(make())
  try await checks.closedWriter(make())
  try await checks.closedWhileWaiting(make())
  try await checks.oneTooMany(make())
}

/// Checks both directions of a pair of streams, each alone and both at once (trio's `check_two_way_stream`).
///
/// - Parameters:
///   - sourceLocation: Where issues are shown.
///   - make: Makes a new pair of streams that are connected with each other.
/// - Throws: What `make` throws, and errors that a stream should not have thrown.
///
/// ## Cancellation
/// Ends the check that is under way.
public func checkTwoWayStream<One: ByteStream, Other: ByteStream>(
  sourceLocation: SourceLocation = #_sourceLocation,
  _ make: @Sendable () async throws -> (One, Other)
) async throws {
  try await checkOneWayStream(sourceLocation: sourceLocation, make)
  try await checkOneWayStream(sourceLocation: sourceLocation) {
    let (one, other) = try await make()
    return (other, one)
  }
  try await TwoWayChecks<One, Other>(sourceLocation).bothAtOnce(make())
}

/// Checks that each direction of a pair of streams can be ended alone (trio's `check_half_closeable_stream`).
///
/// Includes `checkTwoWayStream`.
///
/// - Parameters:
///   - sourceLocation: Where issues are shown.
///   - make: Makes a new pair of streams that are connected with each other.
/// - Throws: What `make` throws, and errors that a stream should not have thrown.
///
/// ## Cancellation
/// Ends the check that is under way.
public func checkHalfCloseableStream<One: ByteStream, Other: ByteStream>(
  sourceLocation: SourceLocation = #_sourceLocation,
  _ make: @Sendable () async throws -> (One, Other)
) async throws {
  try await checkTwoWayStream(sourceLocation: sourceLocation, make)
  try await TwoWayChecks<One, Other>(sourceLocation).halfClose(make())
  let (one, other) = try await make()
  try await TwoWayChecks<Other, One>(sourceLocation).halfClose((other, one))
}
