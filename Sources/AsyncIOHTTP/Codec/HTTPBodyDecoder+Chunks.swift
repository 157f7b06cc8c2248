extension HTTPBodyDecoder {
  /// Goes through chunk framing up to the second range of data, the end of the message, or of the bytes.
  mutating func decodeChunks(_ bytes: Span<UInt8>) throws(HTTPCodecError) -> Step {
    var index = 0
    var body: Range<Int>?
    while index < bytes.count {
      switch state {
      case .chunkLine(var line):
        index = try readChunkLine(&line, bytes, from: index)
      case .chunkData(let remaining):
        if body != nil { return Step(consumed: index, body: body) }
        let count = Swift.min(remaining, bytes.count - index)
        body = index..<index + count
        index += count
        state = count == remaining ? .chunkEnd : .chunkData(remaining: remaining - count)
      case .chunkEnd:
        try expect(.carriageReturn, bytes[index], at: index)
        state = .chunkLineFeed
        index += 1
      case .chunkLineFeed:
        try expect(.lineFeed, bytes[index], at: index)
        state = .chunkLine(HTTPChunkLine())
        index += 1
      case .trailers:
        let (consumed, isComplete) = try trailerSection.read(
          bytes, from: index, limits: limits, position: position)
        index += consumed
        if isComplete { state = .complete }
      case .complete, .fixed, .untilClose:
        return Step(consumed: index, body: body)
      }
    }
    return Step(consumed: index, body: body)
  }

  /// Reads a chunk line as far as it is there, and returns where it or the bytes end.
  private mutating func readChunkLine(
    _ line: inout HTTPChunkLine, _ bytes: Span<UInt8>, from start: Int
  ) throws(HTTPCodecError) -> Int {
    var index = start
    while index < bytes.count {
      let isEnd = try line.read(bytes[index], at: position + index)
      if line.length > limits.chunkLine { throw chunkLineTooLong(at: position + index) }
      if extensionLength + line.extensionLength > limits.chunkExtensions {
        throw chunkExtensionsTooLong(at: position + index)
      }
      index += 1
      if isEnd {
        extensionLength += line.extensionLength
        state = line.size == 0 ? .trailers : .chunkData(remaining: line.size)
        return index
      }
    }
    state = .chunkLine(line)
    return index
  }

  private func expect(_ expected: UInt8, _ byte: UInt8, at index: Int) throws(HTTPCodecError) {
    guard byte != expected else { return }
    if byte == .lineFeed { throw .bareLineFeed(at: position + index) }
    throw HTTPCodecError(
      code: .missingChunkEnd,
      message:
        "The data of a chunk is not followed by the end of a line; the peer's sizes do not fit its data.",
      offset: position + index)
  }

  @inline(never)
  private func chunkLineTooLong(at offset: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .chunkLineTooLong,
      message: "The line before a chunk is longer than the limit of \(limits.chunkLine) bytes.",
      offset: offset)
  }

  @inline(never)
  private func chunkExtensionsTooLong(at offset: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .chunkExtensionsTooLong,
      message:
        "The chunk extensions of this body are longer than the limit of \(limits.chunkExtensions) bytes.",
      offset: offset)
  }
}
