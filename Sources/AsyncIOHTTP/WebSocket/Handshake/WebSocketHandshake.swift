// The opening handshake (RFC 6455 §4): what each side says, and what it makes of the other.

import HTTPTypes

/// The key of a client, and the proof of a server that it has understood it (RFC 6455 §1.3).
struct WebSocketKey: Sendable {
  /// What is sent.
  let text: String

  /// Makes a key of 16 bytes that nobody can foresee.
  init() {
    var generator = SystemRandomNumberGenerator()
    text = Base64.encode((0..<16).map { _ in generator.next() })
  }

  /// Reads a key; nil if it is not the Base64 of 16 bytes.
  init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 24, bytes.hasSuffix("=="), bytes.prefix(22).allSatisfy(Self.isDigit) else {
      return nil
    }
    self.text = text
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
      true
    default: false
    }
  }

  /// What `Sec-WebSocket-Accept` must be.
  var acceptance: String {
    Base64.encode(MessageDigest.sha1(Array((text + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
  }
}

extension [UInt8] {
  fileprivate func hasSuffix(_ suffix: StaticString) -> Bool {
    count >= suffix.utf8CodeUnitCount
      && span.matches(suffix, in: count - suffix.utf8CodeUnitCount..<count)
  }
}

extension HTTPFields {
  /// The elements of a field that is a list of tokens, from all its lines.
  func tokens(of name: HTTPField.Name) -> [String] {
    self[values: name].flatMap { $0.split(separator: ",") }.map(\.trimmed).filter { !$0.isEmpty }
  }

  /// Whether the list has an element, in whatever case.
  func hasToken(_ token: String, in name: HTTPField.Name) -> Bool {
    tokens(of: name).contains { $0.lowercased() == token }
  }
}

// MARK: The client

/// What a client asks for.
struct WebSocketRequest: Sendable {
  let key = WebSocketKey()
  let configuration: WebSocketConfiguration

  /// The fields of the request besides the caller's own.
  var fields: HTTPFields {
    var fields: HTTPFields = [
      .upgrade: "websocket", .connection: "Upgrade", .secWebSocketVersion: "13", .secWebSocketKey: key.text,
    ]
    if !configuration.subprotocols.isEmpty {
      fields[.secWebSocketProtocol] = configuration.subprotocols.joined(separator: ", ")
    }
    if let compression = configuration.compression {
      fields[.secWebSocketExtensions] = WebSocketCompressionAgreement.offer(compression)
    }
    return fields
  }

  /// Looks whether the server has agreed (§4.1).
  ///
  /// - Throws: ``WebSocketError`` with the code `handshakeFailed`.
  func check(_ response: HTTPClientResponse) throws(WebSocketError) -> WebSocketAgreement {
    func failure(_ reason: String) -> WebSocketError {
      WebSocketError(
        code: .handshakeFailed, message: "\(response.url): no WebSocket was opened: \(reason)",
        status: response.status)
    }
    guard response.status.code == 101 else { throw failure("the server answered \(response.status)") }
    let fields = response.fields
    guard fields.tokens(of: .upgrade).map({ $0.lowercased() }) == ["websocket"] else {
      throw failure("the server switches to something else")
    }
    guard fields.hasToken("upgrade", in: .connection) else {
      throw failure("the server does not upgrade the connection")
    }
    guard fields[values: .secWebSocketAccept].map(\.trimmed) == [key.acceptance] else {
      throw failure(
        "the server's Sec-WebSocket-Accept does not fit the key, so it may not know what was asked")
    }
    var agreement = WebSocketAgreement(fields: fields)
    let protocols = fields[values: .secWebSocketProtocol]
    if let chosen = protocols.first?.trimmed {
      guard protocols.count == 1, configuration.subprotocols.contains(chosen) else {
        throw failure("the server has chosen a subprotocol that was not offered: \(protocols)")
      }
      agreement.subprotocol = chosen
    }
    guard let extensions = WebSocketExtension.read(fields[values: .secWebSocketExtensions]) else {
      throw failure("Sec-WebSocket-Extensions is malformed")
    }
    if let first = extensions.first {
      guard extensions.count == 1, let offer = configuration.compression,
        let compression = WebSocketCompressionAgreement(answer: first, to: offer)
      else { throw failure("the server demands extensions that were not offered: \(extensions.map(\.name))") }
      agreement.compression = compression
    }
    return agreement
  }
}

// MARK: The server

extension WebSocketAgreement {
  /// Looks at a request, and makes the answer to it (§4.2).
  ///
  /// - Returns: what is agreed on and the fields of the response, or a response that says why nothing is.
  static func answer(
    _ request: HTTPServerRequest, _ configuration: WebSocketConfiguration
  ) -> Result<(WebSocketAgreement, HTTPFields), WebSocketRefusal> {
    // Other versions know no upgrades, and HTTP/2 not even the fields.
    guard request.version == .http11 else {
      return .failure(WebSocketRefusal(.upgradeRequired, "This is a WebSocket, which takes HTTP/1.1."))
    }
    let fields = request.fields
    guard request.method == .get, fields.hasToken("websocket", in: .upgrade),
      fields.hasToken("upgrade", in: .connection)
    else {
      return .failure(
        WebSocketRefusal(
          .upgradeRequired, "This is a WebSocket.", [.upgrade: "websocket", .connection: "Upgrade"]))
    }
    guard fields[values: .secWebSocketVersion].map(\.trimmed) == ["13"] else {
      return .failure(
        WebSocketRefusal(.upgradeRequired, "Only version 13 is spoken.", [.secWebSocketVersion: "13"]))
    }
    let keys = fields[values: .secWebSocketKey].map(\.trimmed)
    guard keys.count == 1, let key = WebSocketKey(keys[0]) else {
      return .failure(WebSocketRefusal(.badRequest, "Sec-WebSocket-Key must be 16 bytes in Base64."))
    }
    guard let extensions = WebSocketExtension.read(fields[values: .secWebSocketExtensions]) else {
      return .failure(WebSocketRefusal(.badRequest, "Sec-WebSocket-Extensions is malformed."))
    }
    guard configuration.origins.allow(fields[values: .origin], host: request.authority) else {
      return .failure(WebSocketRefusal(.forbidden, "Pages of this origin may not connect."))
    }
    var agreement = WebSocketAgreement(fields: fields)
    var answer: HTTPFields = [
      .upgrade: "websocket", .connection: "Upgrade", .secWebSocketAccept: key.acceptance,
    ]
    let offered = Set(fields.tokens(of: .secWebSocketProtocol))
    agreement.subprotocol = configuration.subprotocols.first { offered.contains($0) }
    answer[.secWebSocketProtocol] = agreement.subprotocol
    if let rules = configuration.compression,
      let (compression, text) = WebSocketCompressionAgreement.choose(extensions, rules)
    {
      agreement.compression = compression
      answer[.secWebSocketExtensions] = text
    }
    return .success((agreement, answer))
  }
}

/// Why a server does not open a WebSocket.
struct WebSocketRefusal: Error {
  let status: HTTPResponse.Status
  let text: String
  let fields: HTTPFields

  init(_ status: HTTPResponse.Status, _ text: String, _ fields: HTTPFields = [:]) {
    self.status = status
    self.text = text
    self.fields = fields
  }

  var response: HTTPServerResponse {
    HTTPServerResponse(status: status, fields: fields, text: "\(status): \(text)\n")
  }
}

extension WebSocketOrigins {
  /// Whether a page may connect.
  ///
  /// - Parameters:
  ///   - values: the values of `Origin`.
  ///   - host: what the request has named as the server.
  /// - Returns: whether it may.
  func allow(_ values: [String], host: String?) -> Bool {
    guard let origin = values.first?.trimmed else { return true }
    guard values.count == 1 else { return false }
    switch self {
    case .any: return true
    case .only(let origins): return origins.contains(origin)
    case .sameHost:
      guard let host, let page = try? HTTPURL(origin), page.requestTarget == "/" else { return false }
      guard let server = try? HTTPURL("\(page.scheme.rawValue)://\(host)") else { return false }
      return page.host == server.host && page.port == server.port
    }
  }
}
