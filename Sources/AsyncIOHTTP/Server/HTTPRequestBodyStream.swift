// The body of a request, read while the handler runs.
//
// The stream belongs to whoever has the request, and one task reads at a time; where the bytes come from is the connection's
// business (HTTPServerBodyReader.swift for HTTP/1.1, HTTP2ServerBodyReader.swift for HTTP/2).

import HTTPTypes

/// The body of a request piece by piece.
///
/// ```swift
/// var size = 0
/// for try await piece in request.bodyStream { size += piece.count }
/// ```
///
/// A slow handler slows the client down: nothing is read ahead of it. It ends with the request: what reads after the response
/// was sent throws. Iterating again goes on where it was left.
public struct HTTPRequestBodyStream: AsyncSequence, Sendable {
  /// A piece of the body, never empty.
  public typealias Element = [UInt8]

  private enum Source: Sendable {
    case bytes([UInt8])
    case reader(@Sendable () async throws -> [UInt8]?)
  }

  private let source: Source

  init(_ bytes: [UInt8]) { source = .bytes(bytes) }

  init(reading next: @escaping @Sendable () async throws -> [UInt8]?) { source = .reader(next) }

  /// Makes an iterator.
  public func makeAsyncIterator() -> Iterator {
    switch source {
    case .bytes(let bytes):
      Iterator(rest: bytes, next: nil)
    case .reader(let next):
      Iterator(rest: [], next: next)
    }
  }

  /// Gives the pieces.
  public struct Iterator: AsyncIteratorProtocol {
    var rest: [UInt8]
    let next: (@Sendable () async throws -> [UInt8]?)?

    /// Waits for the next piece; nil at the body's end.
    ///
    /// - Throws: ``HTTPStatusError`` for a body that is larger than it may be (413), or is no body (400), which the server
    ///   answers unless the handler catches it; ``HTTPServerError`` when another task reads, or after the response was sent;
    ///   `IOError` when the connection was lost or the client has taken too long, ``HTTP2Error`` when it has taken the request
    ///   back; `CancellationError`.
    ///
    /// ## Cancellation
    /// Nothing has been taken when it throws; the call may be repeated.
    public mutating func next() async throws -> [UInt8]? {
      if let next { return try await next() }
      if rest.isEmpty { return nil }
      defer { rest = [] }
      return rest
    }
  }

  /// Reads what is left of the body.
  ///
  /// - Parameter limit: How many bytes there may be.
  /// - Returns: The bytes.
  /// - Throws: As the iterator; ``HTTPStatusError`` with 413 when there are more.
  ///
  /// ## Cancellation
  /// What was read is lost.
  public func collect(upTo limit: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await piece in self {
      guard piece.count <= limit - bytes.count else {
        throw HTTPStatusError(.contentTooLarge, "The body is larger than \(limit) bytes.")
      }
      if bytes.isEmpty { bytes = piece } else { bytes += piece }
    }
    return bytes
  }
}
