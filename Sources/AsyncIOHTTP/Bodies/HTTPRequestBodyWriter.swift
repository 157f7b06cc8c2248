// Writes the body of a request. It belongs to the task that runs the body's closure; the connection's stream may be written by
// one task and read by another at the same time, and nobody else writes meanwhile.

/// Writes the body of a request piece by piece.
public final class HTTPRequestBodyWriter {
  private enum State {
    /// Pieces may be written; with a length, this many bytes are to come. Goes to `ended`.
    case open(remaining: Int?)
    /// The body has ended.
    case ended
  }

  private let sink: any HTTPByteSink
  private let isChunked: Bool
  private var state: State
  /// What goes out with the next piece: the framing of chunks.
  private var output: [UInt8] = []
  /// How many bytes were written, without framing.
  public private(set) var writtenCount = 0

  private static let joinedSize = 16 * 1024

  init(_ sink: any HTTPByteSink, length: Int?, isFramed: Bool = true) {
    self.sink = sink
    isChunked = length == nil && isFramed
    state = .open(remaining: length)
  }

  /// Writes a piece of the body.
  ///
  /// - Parameter bytes: the piece; nothing is sent for an empty one.
  /// - Throws: ``HTTPBodyLengthError`` when more is written than was announced; `IOError` when the connection was lost;
  ///   `CancellationError`.
  ///
  /// ## Cancellation
  /// Leaves the request incomplete; its connection is closed.
  public func write(_ bytes: [UInt8]) async throws {
    guard case .open(let remaining) = state else {
      preconditionFailure("The body has ended; write only until the closure that writes it has returned.")
    }
    guard !bytes.isEmpty else { return }
    if let remaining {
      guard bytes.count <= remaining else {
        throw HTTPBodyLengthError(announced: writtenCount + remaining, written: writtenCount + bytes.count)
      }
      state = .open(remaining: remaining - bytes.count)
    }
    writtenCount += bytes.count
    guard isChunked else { return try await sink.write(bytes) }
    HTTPEncoder.appendChunkStart(bytes.count, to: &output)
    if bytes.count <= Self.joinedSize {
      output += bytes
      HTTPEncoder.appendChunkEnd(to: &output)
      try await flush()
    } else {
      try await flush()
      try await sink.write(bytes)
      // Goes out with the next piece.
      HTTPEncoder.appendChunkEnd(to: &output)
    }
  }

  /// Writes a piece of the body, as UTF-8.
  ///
  /// - Parameter text: the piece.
  /// - Throws: as `write` of bytes.
  ///
  /// ## Cancellation
  /// As for `write` of bytes.
  public func write(_ text: String) async throws { try await write(Array(text.utf8)) }

  private func flush() async throws {
    var bytes: [UInt8] = []
    swap(&bytes, &output)
    try await sink.write(bytes)
    bytes.removeAll(keepingCapacity: true)
    swap(&bytes, &output)
  }

  /// Ends the body.
  func finish() async throws {
    guard case .open(let remaining) = state else { return }
    state = .ended
    if let remaining, remaining > 0 {
      throw HTTPBodyLengthError(announced: writtenCount + remaining, written: writtenCount)
    }
    guard isChunked else { return }
    try HTTPEncoder.appendLastChunk(to: &output)
    try await flush()
  }
}

/// A body that has another length than was announced; the request was given up.
public struct HTTPBodyLengthError: Error, Hashable, Sendable, CustomStringConvertible {
  /// How many bytes were announced.
  public let announced: Int
  /// How many were written, or were to be written when it was noticed.
  public let written: Int

  /// A sentence with both numbers.
  public var description: String {
    "a body of \(announced) bytes was announced and \(written) were written; give its right length, or none"
  }
}
