// From bytes to messages, wherever the bytes are cut. It is pure: whoever reads appends to `input` and asks for what has come.
//
// A message that has come as a whole is given out whole, up to `pieceSize` bytes; a larger one in pieces of that size, so that
// memory is bounded whatever a frame announces and whatever a few compressed bytes become. Text is looked at as it comes.

/// Takes frames apart and puts messages together.
struct WebSocketParser: Sendable {
  /// A message, or a part of one.
  enum Item: Sendable {
    case whole(WebSocketMessage)
    /// A message begins that comes in pieces.
    case begin(WebSocketMessage.Kind)
    case piece([UInt8])
    /// The message that has begun has no more pieces.
    case end
  }

  /// What has come.
  enum Event: Sendable {
    case item(Item)
    case ping([UInt8])
    case pong([UInt8])
    case close(WebSocketCloseCode, String)
  }

  /// A message that is under way.
  private struct Message {
    let kind: WebSocketMessage.Kind
    let isCompressed: Bool
    /// Whether it is given out in pieces, the first of which has gone.
    var isBegun = false
    var validator = UTF8Validator()
    /// How much of `WebSocketParser.message` the validator has seen.
    var validated = 0
  }

  /// A data frame that is under way.
  private struct Frame {
    /// How much of its payload has not been taken out of the input.
    var remaining: Int
    var mask: UInt32?
    let isFinal: Bool
  }

  /// What is being decompressed.
  private enum Inflation {
    case none
    /// The input up to here.
    case input(end: Int)
    /// What ends each message and is not sent, from here on.
    case tail(start: Int)
  }

  /// How large a piece is, and a message that is given out whole.
  static let pieceSize = 128 * 1024

  /// What has come and was not taken; whoever reads appends to it.
  var input: [UInt8] = []
  /// The message under way, as far as it was not given out; whoever reads `directCount` bytes may append here.
  var message: [UInt8] = []
  private var start = 0
  private let rules: WebSocketFrameHeader.Rules
  private let frameLimit: Int
  private let inflater: WebSocketInflater?
  private var current: Message?
  private var frame: Frame?
  private var inflation = Inflation.none
  /// Events that are to be given out before anything else; a few at most.
  private var events: [Event] = []

  /// Makes a parser of what a peer sends.
  ///
  /// - Parameters:
  ///   - isMasked: whether the peer masks: it is a client.
  ///   - frameLimit: how large the payload of a frame may be.
  ///   - inflater: decompresses messages; nil if none may be compressed.
  init(isMasked: Bool, frameLimit: Int = .max, inflater: WebSocketInflater? = nil) {
    rules = WebSocketFrameHeader.Rules(isMasked: isMasked, allowsCompression: inflater != nil)
    self.frameLimit = frameLimit
    self.inflater = inflater
  }

  /// What has come next; nil if more must be read first.
  ///
  /// - Throws: `WebSocketViolation`; nothing can be read after that.
  mutating func next() throws(WebSocketViolation) -> Event? {
    while true {
      if !events.isEmpty { return events.removeFirst() }
      if frame != nil {
        guard try advance() else { return nil }
        continue
      }
      guard let (header, size) = try WebSocketFrameHeader.read(input.span, from: start, rules) else {
        compact()
        return nil
      }
      if header.opcode.isControl {
        guard input.count - start >= size + header.length else {
          compact()
          return nil
        }
        start += size
        return try control(header)
      }
      start += size
      if let event = try begin(header) { return event }
    }
  }

  private mutating func compact() {
    if start == input.count {
      input.removeAll(keepingCapacity: input.capacity <= HTTPInput.keptCapacity)
    } else if start > 0 {
      input.removeSubrange(..<start)
    }
    start = 0
  }

  // MARK: Frames

  private mutating func control(_ header: WebSocketFrameHeader) throws(WebSocketViolation) -> Event {
    let range = start..<start + header.length
    if let mask = header.mask { input.mask(range, with: mask) }
    start = range.upperBound
    switch header.opcode {
    case .ping: return .ping(Array(input[range]))
    case .pong: return .pong(Array(input[range]))
    default:
      let (code, reason) = try WebSocketClosure.read(input[range])
      return .close(code, reason)
    }
  }

  /// Begins a data frame; a message if it is here as a whole.
  private mutating func begin(_ header: WebSocketFrameHeader) throws(WebSocketViolation) -> Event? {
    guard header.length <= frameLimit else {
      throw WebSocketViolation(
        .messageTooBig, "a frame has \(header.length) bytes, more than the \(frameLimit) that are allowed")
    }
    if header.opcode == .continuation {
      guard current != nil else {
        throw WebSocketViolation(.protocolError, "a message is continued that has not begun")
      }
    } else {
      guard current == nil else {
        throw WebSocketViolation(.protocolError, "a message begins in the middle of another one")
      }
      let isHere = header.length <= min(input.count - start, Self.pieceSize)
      if header.isFinal, !header.isCompressed, isHere { return .item(.whole(try whole(header))) }
      current = Message(
        kind: header.opcode == .text ? .text : .binary, isCompressed: header.isCompressed)
    }
    frame = Frame(remaining: header.length, mask: header.mask, isFinal: header.isFinal)
    // A message that has begun grows as it comes: what the header announces is added to nothing.
    if current?.isCompressed == false, message.isEmpty {
      message.reserveCapacity(min(header.length, Self.pieceSize))
    }
    return nil
  }

  /// The message that is one frame.
  private mutating func whole(_ header: WebSocketFrameHeader) throws(WebSocketViolation) -> WebSocketMessage {
    let range = start..<start + header.length
    if let mask = header.mask { input.mask(range, with: mask) }
    start = range.upperBound
    guard header.opcode == .text else { return .binary(Array(input[range])) }
    guard let text = String(validating: input[range], as: UTF8.self) else { throw Self.noText }
    return .text(text)
  }

  private static var noText: WebSocketViolation {
    WebSocketViolation(.invalidPayload, "a text message is not UTF-8")
  }

  // MARK: Payloads

  /// How many bytes may be read straight into `message`; 0 if they are to be read into `input`.
  var directCount: Int {
    guard let frame, start == input.count, frame.remaining >= 4096, current?.isCompressed == false else {
      return 0
    }
    return min(frame.remaining, Self.pieceSize - message.count)
  }

  /// Takes what was read straight into `message`.
  mutating func tookDirectly(_ count: Int) throws(WebSocketViolation) {
    try took(count)
    try endIfComplete()
  }

  /// Takes some of the payload; false if there is none.
  private mutating func advance() throws(WebSocketViolation) -> Bool {
    guard var frame, let isCompressed = current?.isCompressed else { return false }
    if isCompressed, try inflate() { return true }
    var count = min(frame.remaining, input.count - start)
    if count == 0, frame.remaining > 0 {
      compact()
      return false
    }
    if isCompressed {
      if let mask = frame.mask {
        input.mask(start..<start + count, with: mask)
        frame.mask = mask.maskAdvanced(by: count)
      }
      frame.remaining -= count
      self.frame = frame
      inflation = .input(end: start + count)
      if try inflate() { return true }
    } else {
      count = min(count, Self.pieceSize - message.count)
      message.append(contentsOf: input[start..<start + count])
      start += count
      try took(count)
    }
    try endIfComplete()
    return true
  }

  /// Unmasks and looks at the last `count` bytes of the message.
  private mutating func took(_ count: Int) throws(WebSocketViolation) {
    if let mask = frame?.mask {
      message.mask(message.count - count..<message.count, with: mask)
      frame?.mask = mask.maskAdvanced(by: count)
    }
    frame?.remaining -= count
    try validate()
    if message.count >= Self.pieceSize { giveOut() }
  }

  private mutating func validate() throws(WebSocketViolation) {
    guard var current, current.kind == .text else { return }
    let isText = current.validator.accepts(message.span, in: current.validated..<message.count)
    guard isText else { throw Self.noText }
    current.validated = message.count
    self.current = current
  }

  /// Decompresses what there is; true if a piece has become ready, so that there may be more.
  private mutating func inflate() throws(WebSocketViolation) -> Bool {
    guard let inflater else { return false }
    let isDone: Bool
    switch inflation {
    case .none: return false
    case .input(let end):
      isDone = try inflater.inflate(input, from: &start, to: end, into: &message, upTo: Self.pieceSize)
      if isDone { start = end }
    case .tail(var start):
      let tail = WebSocketDeflater.tail
      isDone = try inflater.inflate(tail, from: &start, to: tail.count, into: &message, upTo: Self.pieceSize)
      inflation = .tail(start: start)
    }
    try validate()
    if isDone {
      if case .tail = inflation {
        inflation = .none
        inflater.endMessage()
        try end()
        return true
      }
      inflation = .none
      return false
    }
    giveOut()
    return true
  }

  // MARK: Giving out

  /// Gives out what there is of the message as a piece.
  private mutating func giveOut() {
    guard var current, !message.isEmpty else { return }
    if !current.isBegun {
      current.isBegun = true
      events.append(.item(.begin(current.kind)))
    }
    current.validated = 0
    self.current = current
    events.append(.item(.piece(message)))
    message = []
  }

  /// Ends the frame if all of its payload was taken, and the message with its last one.
  private mutating func endIfComplete() throws(WebSocketViolation) {
    guard let frame, frame.remaining == 0 else { return }
    if frame.isFinal, current?.isCompressed == true {
      inflation = .tail(start: 0)
      _ = try inflate()
      return
    }
    self.frame = nil
    if frame.isFinal { try end() }
  }

  private mutating func end() throws(WebSocketViolation) {
    guard let ended = current else { return }
    guard ended.validator.isComplete else { throw Self.noText }
    if ended.isBegun {
      giveOut()
      events.append(.item(.end))
    } else {
      let whole: WebSocketMessage =
        ended.kind == .text ? .text(String(decoding: message, as: UTF8.self)) : .binary(message)
      events.append(.item(.whole(whole)))
      message = []
    }
    current = nil
    frame = nil
  }
}
