import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1

/// What llhttp makes of one message, through NIOHTTP1, in words that can be compared with ours.
struct LLHTTPReading: Equatable {
  var start = ""
  /// The fields in small letters, without `Host`, which we keep elsewhere.
  var fields: [String] = []
  var body: [UInt8] = []
  var trailers: [String] = []

  /// Reads the first message; nil if it is refused, or not there as a whole.
  init?(_ bytes: [UInt8], role: Role) {
    let channel = EmbeddedChannel()
    do {
      switch role {
      case .request:
        try channel.pipeline.syncOperations.addHandler(
          ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
      case .response(let method):
        try channel.pipeline.syncOperations.addHandler(
          ByteToMessageHandler(
            HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .forward)))
        // It has to know what is answered.
        let request = HTTPRequestHead(version: .http1_1, method: .init(rawValue: method.rawValue), uri: "/")
        try channel.writeOutbound(HTTPClientRequestPart.head(request))
        try channel.writeOutbound(HTTPClientRequestPart.end(nil))
      }
      // A later message of the same bytes is not our concern, so that its faults are not either.
      _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
      _ = try? channel.finish(acceptAlreadyClosed: true)
      guard try role == .request ? readRequest(channel) : readResponse(channel) else { return nil }
    } catch {
      return nil
    }
  }

  /// Takes the parts of the first message; false if its end is not there.
  private mutating func readRequest(_ channel: EmbeddedChannel) throws -> Bool {
    while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
      switch part {
      case .head(let head):
        // NIO has a name of its own for one method.
        let method = head.method == .MSEARCH ? "M-SEARCH" : head.method.rawValue
        start = "\(method) \(head.uri) \(head.version) \(head.isKeepAlive)"
        fields = Self.lines(head.headers).filter { !$0.hasPrefix("host: ") }
      case .body(let piece): body += Array(buffer: piece)
      case .end(let headers):
        trailers = headers.map(Self.lines) ?? []
        return true
      }
    }
    return false
  }

  private mutating func readResponse(_ channel: EmbeddedChannel) throws -> Bool {
    while let part = try channel.readInbound(as: HTTPClientResponsePart.self) {
      switch part {
      case .head(let head):
        start = "\(head.version) \(head.status.code)"
        fields = Self.lines(head.headers)
        // Of an interim response NIO shows no end.
        if head.status.code < 200 { return true }
      case .body(let piece): body += Array(buffer: piece)
      case .end(let headers):
        trailers = headers.map(Self.lines) ?? []
        return true
      }
    }
    return false
  }

  private static func lines(_ headers: HTTPHeaders) -> [String] {
    // White space around a value is no part of it (RFC 9110 §5.5); llhttp leaves some of it to its users.
    headers.map { "\($0.name.lowercased()): \(trimmed($0.value))" }
  }

  private static func trimmed(_ value: String) -> String {
    let bytes = Array(value.utf8)
    let start = bytes.firstIndex { $0 != 32 && $0 != 9 } ?? bytes.endIndex
    let end = bytes.lastIndex { $0 != 32 && $0 != 9 } ?? start - 1
    return start <= end ? String(decoding: bytes[start...end], as: UTF8.self) : ""
  }

  /// What we make of the same message, in the same words.
  init(_ ours: CodecOutcome.Message, target: String) {
    start = target
    fields = Self.lowercased(ours.fields)
    body = ours.body
    trailers = Self.lowercased(ours.trailers)
  }

  private static func lowercased(_ lines: [String]) -> [String] {
    lines.map { line in
      let name = line.prefix { $0 != ":" }
      return name.lowercased() + line.dropFirst(name.count)
    }
  }
}
