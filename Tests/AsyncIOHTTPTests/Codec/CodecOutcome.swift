import AsyncIOHTTP
import HTTPTypes

/// What the codec makes of one message: everything that a caller can see of it.
enum CodecOutcome: Equatable {
  case message(Message)
  case incomplete
  case refused(HTTPCodecError)

  struct Message: Equatable {
    var head: String
    var fields: [String]
    var framing: HTTPBodyFraming
    var keepsAlive: Bool
    var body: [UInt8]
    var trailers: [String]
    /// How many bytes of the input belong to the message.
    var consumed: Int
  }

  var code: HTTPCodecError.Code? {
    if case .refused(let error) = self { error.code } else { nil }
  }

  var message: Message? {
    if case .message(let message) = self { message } else { nil }
  }
}

/// Who sent the message.
enum Role: Equatable, Sendable {
  case request
  case response(to: HTTPRequest.Method)
}

extension CodecOutcome {
  /// Feeds a message to the codec as a connection would: in the given pieces, then the end of input.
  init(_ pieces: [[UInt8]], role: Role, limits: HTTPLimits = HTTPLimits()) {
    do throws(HTTPCodecError) {
      self = try Self.read(pieces, role, limits)
    } catch {
      self = .refused(error)
    }
  }

  /// Feeds a message in one piece.
  init(_ text: String, role: Role, limits: HTTPLimits = HTTPLimits()) {
    self.init([Array(text.utf8)], role: role, limits: limits)
  }

  private static func read(
    _ pieces: [[UInt8]], _ role: Role, _ limits: HTTPLimits
  ) throws(HTTPCodecError) -> CodecOutcome {
    var parser = HTTPHeadParser(limits: limits)
    var buffer: [UInt8] = []
    for (position, piece) in pieces.enumerated() {
      buffer += piece
      guard var reading = try BodyReading(&parser, buffer, role, limits) else { continue }
      try reading.feed(Array(buffer[reading.message.consumed...]))
      for later in pieces[(position + 1)...] { try reading.feed(later) }
      return .message(try reading.finish())
    }
    if buffer.isEmpty { return .incomplete }
    throw HTTPHeadParser.truncated(after: buffer.count)
  }
}

/// The part of a message after its head.
private struct BodyReading {
  var message: CodecOutcome.Message
  var decoder: HTTPBodyDecoder

  init?(
    _ parser: inout HTTPHeadParser, _ buffer: [UInt8], _ role: Role, _ limits: HTTPLimits
  ) throws(HTTPCodecError) {
    let framing: HTTPBodyFraming
    switch role {
    case .request:
      guard let (head, consumed) = try parser.parseRequest(buffer.span) else { return nil }
      framing = try HTTPBodyFraming(of: head)
      message = .init(
        head:
          "\(head.method) \(head.scheme ?? "-") \(head.authority ?? "-") \(head.path ?? "-") \(head.version)",
        fields: head.request.headerFields.map(\.description), framing: framing,
        keepsAlive: head.keepsAlive, body: [], trailers: [], consumed: consumed)
    case .response(let method):
      guard let (head, consumed) = try parser.parseResponse(buffer.span) else { return nil }
      framing = try HTTPBodyFraming(of: head, answering: method)
      message = .init(
        head: "\(head.version) \(head.status)", fields: head.response.headerFields.map(\.description),
        framing: framing, keepsAlive: head.keepsAlive(framing, answering: method), body: [], trailers: [],
        consumed: consumed)
    }
    precondition(message.consumed <= buffer.count, "The head took more bytes than there were.")
    decoder = HTTPBodyDecoder(framing, limits: limits)
  }

  mutating func feed(_ piece: [UInt8]) throws(HTTPCodecError) {
    var rest = piece[...]
    while !decoder.isComplete, !rest.isEmpty {
      let step = try decoder.decode(rest.span)
      precondition(step.consumed <= rest.count, "A step took more bytes than there were.")
      precondition(step.consumed > 0, "A step took nothing of \(rest.count) bytes.")
      if let body = step.body {
        precondition(body.upperBound <= step.consumed, "A step found body beyond what it took.")
        message.body += rest[(rest.startIndex + body.lowerBound)..<(rest.startIndex + body.upperBound)]
      }
      message.consumed += step.consumed
      rest = rest.dropFirst(step.consumed)
    }
  }

  mutating func finish() throws(HTTPCodecError) -> CodecOutcome.Message {
    try decoder.endOfInput()
    message.trailers = decoder.trailers.map(\.description)
    precondition(decoder.receivedCount == message.body.count, "The decoder counted another body.")
    return message
  }
}

/// The bytes as pieces of one byte.
func bytewise(_ bytes: [UInt8]) -> [[UInt8]] { bytes.map { [$0] } }

/// The bytes in two pieces, the first one of `index` bytes.
func split(_ bytes: [UInt8], at index: Int) -> [[UInt8]] { [Array(bytes[..<index]), Array(bytes[index...])] }
