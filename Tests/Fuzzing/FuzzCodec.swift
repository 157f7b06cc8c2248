// The entry of libFuzzer: bytes of strangers, read as requests, as responses with their bodies, as compressed bodies, and as the
// frames of a WebSocket.
//
// What must hold: no crash and no endless loop; and cut anywhere, the bytes mean the same.

import HTTPTypes

/// Stands for the module's own, which lives beside its connections.
struct HTTPBodyTooLarge: Error {
  let limit: Int
  let announced: Int?
}

/// Reads all messages, and tells what they were.
///
/// How much of a body was handed out before its framing turned out to be wrong is left out: that depends on the cuts, and the whole
/// message is refused in any case.
func outcome(_ bytes: [UInt8], isRequest: Bool, cut: Int) -> [UInt8] {
  // Bytes, as a cut may go through a character.
  var text: [UInt8] = []
  var complete: [UInt8] = []
  var input: [UInt8] = []
  var rest = bytes[...]
  var parser = HTTPHeadParser()
  var decoder: HTTPBodyDecoder?
  do {
    while true {
      if var body = decoder {
        let step = try body.decode(input.span)
        if let range = step.body { text += input[range] }
        input.removeFirst(step.consumed)
        decoder = body.isComplete ? nil : body
        if body.isComplete { complete = text }
        if body.isComplete || step.consumed > 0 { continue }
      } else if isRequest {
        if let (head, consumed) = try parser.parseRequest(input.span) {
          input.removeFirst(consumed)
          text += "|\(head.method) \(head.path ?? "-") \(head.fields.makeFields().count)|".utf8
          decoder = HTTPBodyDecoder(try HTTPBodyFraming(of: head))
          continue
        }
      } else if let (head, consumed) = try parser.parseResponse(input.span) {
        input.removeFirst(consumed)
        text += "|\(head.code) \(head.fields.makeFields().count)|".utf8
        decoder = HTTPBodyDecoder(try HTTPBodyFraming(of: head, answering: .get))
        continue
      }
      if rest.isEmpty {
        try decoder?.endOfInput()
        return text + ".".utf8
      }
      input += rest.prefix(cut)
      rest = rest.dropFirst(cut)
    }
  } catch {
    return complete + "!\(error.code)".utf8
  }
}

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let kind = bytes.first else { return 0 }
  let rest = Array(bytes.dropFirst())
  if kind & 0x80 != 0 {
    fuzzWebSocket(rest, isMasked: kind & 1 != 0, inflates: kind & 2 != 0, cut: 1 + Int(kind >> 2 & 0x1F))
    return 0
  }
  let cut = 1 + Int(kind >> 2)
  switch kind & 3 {
  case 0, 1:
    let isRequest = kind & 3 == 0
    let whole = outcome(rest, isRequest: isRequest, cut: max(1, rest.count))
    let parts = outcome(rest, isRequest: isRequest, cut: cut)
    precondition(whole == parts, "Cut every \(cut) it is another message than whole.")
  default:
    let inflater = HTTPInflater(kind & 3 == 2 ? .gzip : .deflate)
    var output = (try? inflater.inflate(rest, isLast: true)) ?? []
    var rounds = 0
    while inflater.hasMore, rounds < 8 {
      output = (try? inflater.inflate([], isLast: true)) ?? []
      rounds += 1
    }
    precondition(output.count <= HTTPInflater.pieceLimit, "One piece has \(output.count) bytes.")
  }
  return 0
}
