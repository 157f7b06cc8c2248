/// What has come from a peer and was not consumed yet.
///
/// The memory is kept from message to message, and what was consumed is dropped without moving the rest, so that a
/// message that comes in one piece is neither copied nor allocated for.
struct HTTPInput: Sendable {
  /// What has come, from the last message's start or later on; `stream.read(appendingTo: &bytes, …)` adds to it.
  var bytes: [UInt8] = []
  private var start = 0

  /// How much is read at once while a body is read.
  static let bodyReadSize = 64 * 1024
  /// Memory of a buffer beyond this is given back between messages.
  static let keptCapacity = 32 * 1024

  /// Whether everything that has come was consumed.
  var isEmpty: Bool { start == bytes.count }

  /// How many bytes wait to be consumed.
  var count: Int { bytes.count - start }

  /// Moves what is left to the front; to be called before more is read.
  mutating func compact() {
    guard start > 0 else { return }
    bytes.removeSubrange(..<start)
    start = 0
  }

  /// Gives back memory that only a large message needed.
  mutating func trim() {
    if isEmpty, bytes.capacity > Self.keptCapacity { bytes = [] }
  }

  private mutating func consume(_ count: Int) {
    start += count
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: true)
      start = 0
    }
  }

  // MARK: Messages

  /// The next head if it is there as a whole.
  mutating func nextHead(
    _ parser: inout HTTPHeadParser
  ) throws(HTTPCodecError) -> HTTPResponseHead? {
    var consumed = 0
    let head = try parser.parseResponse(bytes.span.extracting(start...), consumed: &consumed)
    consume(consumed)
    return head
  }

  /// The next head if it is there as a whole.
  mutating func nextHead(
    _ parser: inout HTTPHeadParser
  ) throws(HTTPCodecError) -> HTTPRequestHead? {
    var consumed = 0
    let head = try parser.parseRequest(bytes.span.extracting(start...), consumed: &consumed)
    consume(consumed)
    return head
  }

  /// Moves at most `limit` bytes to the end of `body`.
  mutating func move(atMost limit: Int, to body: inout [UInt8]) {
    let count = min(limit, count)
    guard count > 0 else { return }
    body.append(contentsOf: bytes[start..<start + count])
    consume(count)
  }

  /// Moves the data of a body to the end of `body`, as far as it is there.
  ///
  /// Where it does not stay within the limit, and where it throws, `decoder` has gone on without what is left here: neither is of
  /// any more use.
  ///
  /// - Returns: whether `body` stayed within `limit`.
  mutating func move(
    decoding decoder: inout HTTPBodyDecoder, to body: inout [UInt8], limit: Int
  ) throws(HTTPCodecError) -> Bool {
    while !isEmpty, !decoder.isComplete {
      let step = try decoder.decode(bytes.span.extracting(start...))
      if let range = step.body {
        guard range.count <= limit - body.count else { return false }
        body.append(contentsOf: bytes[start + range.lowerBound..<start + range.upperBound])
      }
      consume(step.consumed)
    }
    return true
  }
}
