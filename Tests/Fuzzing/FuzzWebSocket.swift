// The frames of a WebSocket, read as the connection reads them. What must hold: no crash and no endless loop, no piece beyond its
// limit; and cut anywhere, the bytes mean the same.

func fuzzWebSocket(_ bytes: [UInt8], isMasked: Bool, inflates: Bool, cut: Int) {
  let whole = webSocketOutcome(bytes, isMasked: isMasked, inflates: inflates, cut: max(1, bytes.count))
  let parts = webSocketOutcome(bytes, isMasked: isMasked, inflates: inflates, cut: cut)
  precondition(whole == parts, "Cut every \(cut) they are other frames than whole: \(whole), \(parts)")
}

/// Reads all frames, and tells what they were; of payloads how many bytes, and a sum.
///
/// How much of a message was given out before it turned out to be wrong is left out: that depends on the cuts, and the connection
/// is closed in any case.
private func webSocketOutcome(_ bytes: [UInt8], isMasked: Bool, inflates: Bool, cut: Int) -> [String] {
  var parser = WebSocketParser(
    isMasked: isMasked, inflater: inflates ? WebSocketInflater(windowBits: 15, keepsContext: true) : nil)
  var found: [String] = []
  var partial: (kind: WebSocketMessage.Kind, count: Int, sum: UInt64)?
  var rest = bytes[...]
  func sum(_ bytes: [UInt8], _ start: UInt64 = 0) -> UInt64 {
    bytes.reduce(start) { $0 &* 31 &+ UInt64($1) &+ 1 }
  }
  do {
    while true {
      while let event = try parser.next() {
        switch event {
        case .item(.whole(let message)):
          let bytes = message.bytes
          found.append("\(message.kind) \(bytes.count) \(sum(bytes))")
        case .item(.begin(let kind)): partial = (kind, 0, 0)
        case .item(.piece(let piece)):
          precondition(piece.count <= WebSocketParser.pieceSize, "One piece has \(piece.count) bytes.")
          if let (kind, count, former) = partial {
            partial = (kind, count + piece.count, sum(piece, former))
          }
        case .item(.end):
          if let (kind, count, sum) = partial { found.append("\(kind) \(count) \(sum)") }
        case .ping(let payload): found.append("ping \(payload)")
        case .pong(let payload): found.append("pong \(payload)")
        case .close(let code, let reason): found.append("close \(code) \(reason)")
        }
      }
      precondition(
        parser.message.capacity <= 4 * WebSocketParser.pieceSize, "\(parser.message.capacity) bytes are kept."
      )
      if rest.isEmpty { return found }
      let direct = min(parser.directCount, cut, rest.count)
      if direct > 0 {
        parser.message += rest.prefix(direct)
        rest = rest.dropFirst(direct)
        try parser.tookDirectly(direct)
      } else {
        parser.input += rest.prefix(cut)
        rest = rest.dropFirst(cut)
      }
    }
  } catch {
    return found + ["!\(error.code)"]
  }
}
