package import HTTPTypes

extension HTTPEncoder {
  /// Appends what stands before the data of a chunk.
  ///
  /// The data follow, then ``appendChunkEnd(to:)``. An empty chunk would end the body, so nothing must be
  /// written for no data; see ``appendLastChunk(trailers:to:)``.
  ///
  /// - Parameters:
  ///   - count: how many bytes of data follow; at least one.
  ///   - bytes: to what it is appended.
  package static func appendChunkStart(_ count: Int, to bytes: inout [UInt8]) {
    precondition(count > 0, "A chunk of \(count) bytes cannot be sent; write chunks of at least one byte.")
    bytes.append(count, radix: 16)
    bytes.append(lineEnd)
  }

  /// Appends what stands after the data of a chunk.
  package static func appendChunkEnd(to bytes: inout [UInt8]) {
    bytes.append(lineEnd)
  }

  /// Appends the last chunk and the trailers, which end the message.
  ///
  /// - Parameters:
  ///   - trailers: fields that became known only with the body; none that frame or route the message.
  ///   - bytes: to what it is appended.
  /// - Throws: `HTTPCodecError` for trailers that must not be sent; then nothing is appended.
  package static func appendLastChunk(
    trailers: HTTPFields = [:], to bytes: inout [UInt8]
  ) throws(HTTPCodecError) {
    let start = bytes.count
    do throws(HTTPCodecError) {
      bytes.append("0\r\n")
      var facts = HTTPMessageFacts()
      try append(trailers, to: &bytes, gathering: &facts)
      guard facts.contentLength == .absent, facts.transferEncoding == .absent, facts.hostCount == 0 else {
        throw HTTPCodecError(
          code: .forbiddenTrailer,
          message: "Content-Length, Transfer-Encoding and Host cannot be trailers; send them in the head.")
      }
      bytes.append(lineEnd)
    } catch {
      bytes.removeSubrange(start...)
      throw error
    }
  }
}
