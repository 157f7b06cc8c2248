import AsyncIOSystem

/// A part of an open file, as the body of a response.
///
/// The file is closed when nobody holds it any more.
struct HTTPFileSlice: Sendable {
  let file: File
  let offset: Int
  let count: Int

  /// How much is read or sent at once.
  static let pieceSize = 256 * 1024

  /// Writes it where it cannot be sent by the system.
  func write(to writer: HTTPResponseWriter) async throws {
    var place = offset
    while place < offset + count {
      let piece = try await file.read(at: place, atMost: min(offset + count - place, Self.pieceSize))
      // Shorter than it was: the writer says so.
      if piece.isEmpty { return }
      try await writer.write(piece)
      place += piece.count
    }
  }
}
