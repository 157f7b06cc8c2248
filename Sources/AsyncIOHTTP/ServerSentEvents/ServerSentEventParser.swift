// The format of event streams (WHATWG HTML §9.2.6), wherever the bytes are cut.
//
// Lines end with LF, CR, or CR and LF; so after a CR the line is over at once, and an LF that comes next is passed over.
// Bytes that are not UTF-8 are replaced. Memory is bounded by the largest event that is allowed.

/// Takes an event stream apart.
struct ServerSentEventParser: Sendable {
  /// An event, or a line, is larger than it may be.
  struct TooLarge: Error, Equatable {
    let limit: Int
  }

  /// How large an event may be.
  private let limit: Int
  private var input: [UInt8] = []
  private var start = 0
  /// Up to where no end of a line was found.
  private var searched = 0
  /// Whether an LF that comes next belongs to the line before.
  private var isAfterCarriageReturn = false
  private var isAtStart = true

  private var data: [UInt8] = []
  private var event = ""
  private var id = ""
  /// The identifier of the last event that was complete, for `Last-Event-ID`.
  private(set) var lastEventID: String
  /// How long the server wants its clients to wait before they come again, as far as it has said so.
  private(set) var retry: Duration?

  /// Makes a parser for one response.
  ///
  /// - Parameters:
  ///   - lastEventID: the identifier that holds until another one comes.
  ///   - limit: how large an event may be, in bytes.
  init(lastEventID: String = "", limit: Int = 1024 * 1024) {
    self.lastEventID = lastEventID
    id = lastEventID
    self.limit = limit
  }

  /// Takes some more bytes.
  mutating func append(_ bytes: [UInt8]) {
    if start == input.count {
      input = bytes
    } else {
      input.removeSubrange(..<start)
      input += bytes
    }
    searched -= start
    start = 0
  }

  /// The next event; nil if more must come first.
  ///
  /// - Throws: `TooLarge`; nothing can be read after that.
  mutating func next() throws(TooLarge) -> ServerSentEvent? {
    while let line = nextLine() {
      if line.isEmpty {
        if let event = dispatch() { return event }
      } else {
        take(line)
        guard data.count <= limit else { throw TooLarge(limit: limit) }
      }
    }
    guard input.count - start <= limit else { throw TooLarge(limit: limit) }
    return nil
  }

  // MARK: Lines

  /// The next line without its end; nil if its end has not come.
  private mutating func nextLine() -> Range<Int>? {
    if isAtStart {
      guard skipMark() else { return nil }
    }
    if isAfterCarriageReturn, start < input.count {
      if input[start] == .lineFeed {
        start += 1
        searched = max(searched, start)
      }
      isAfterCarriageReturn = false
    }
    while searched < input.count {
      let byte = input[searched]
      if byte == .lineFeed || byte == .carriageReturn {
        let line = start..<searched
        searched += 1
        start = searched
        isAfterCarriageReturn = byte == .carriageReturn
        return line
      }
      searched += 1
    }
    return nil
  }

  /// Passes over a byte order mark at the very start; false if it cannot be told yet.
  private mutating func skipMark() -> Bool {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let there = input.prefix(mark.count)
    if there.elementsEqual(mark.prefix(there.count)) {
      guard there.count == mark.count else { return false }
      start = mark.count
      searched = start
    }
    isAtStart = false
    return true
  }

  // MARK: Fields

  /// Takes a line that is not empty.
  private mutating func take(_ line: Range<Int>) {
    let bytes = input[line]
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return take(bytes, value: []) }
    // A comment.
    if colon == line.lowerBound { return }
    var value = bytes[(colon + 1)...]
    if value.first == .space { value.removeFirst() }
    take(bytes[..<colon], value: value)
  }

  private mutating func take(_ name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
    switch String(decoding: name, as: UTF8.self) {
    case "data":
      data += value
      data.append(.lineFeed)
    case "event": event = String(decoding: value, as: UTF8.self)
    case "id": if !value.contains(0) { id = String(decoding: value, as: UTF8.self) }
    case "retry":
      // Digits alone, and a number that a clock can count.
      guard !value.isEmpty, value.allSatisfy(\.isDigit), value.count <= 15 else { return }
      retry = .milliseconds(value.reduce(0) { $0 * 10 + Int($1 &- 0x30) })
    default: return
    }
  }

  /// The event that has come to its end; nil if it has no data, so that it is none.
  private mutating func dispatch() -> ServerSentEvent? {
    lastEventID = id
    defer {
      data.removeAll()
      event = ""
    }
    guard !data.isEmpty else { return nil }
    return ServerSentEvent(
      event: event.isEmpty ? "message" : event, data: String(decoding: data.dropLast(), as: UTF8.self), id: id
    )
  }
}
