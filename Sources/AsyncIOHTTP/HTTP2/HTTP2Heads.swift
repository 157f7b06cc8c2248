// Heads in the form of HTTP/2: fields with the start line among them (RFC 9113 §8.3).
//
// What comes in is written as the head of HTTP/1.1 that says the same, and read by the one parser of this module: so the limits,
// the checks and the facts of both versions are the same, and nothing that could not be said in HTTP/1.1 gets past it.

import HTTPTypes
import NIOHPACK

enum HTTP2Heads {
  /// Fields that are about a connection of HTTP/1.1, and must not be sent (RFC 9113 §8.2.2).
  private static let ofConnections: Set<String> = [
    "connection", "host", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade",
  ]

  // MARK: Going out

  /// The fields of a request.
  ///
  /// - Parameters:
  ///   - request: what to send.
  ///   - defaults: fields for those of which the request has none of the same name.
  /// - Returns: the fields, those of the start line first.
  /// - Throws: `HTTPCodecError` for what must not be sent.
  static func fields(
    of request: HTTPClientRequest, defaults: HTTPFields
  ) throws(HTTPCodecError) -> HPACKHeaders {
    var fields = HPACKHeaders()
    fields.reserveCapacity(8 + request.fields.count + defaults.count)
    fields.add(name: ":method", value: request.method.rawValue)
    fields.add(name: ":scheme", value: request.url.scheme.rawValue)
    fields.add(name: ":authority", value: request.fields[hostName] ?? request.url.authority)
    fields.add(name: ":path", value: request.url.requestTarget)
    for field in defaults where !request.fields.contains(field.name) { try add(field, to: &fields) }
    for field in request.fields { try add(field, to: &fields) }
    if let length = request.body.length, length > 0, !request.fields.contains(.contentLength) {
      fields.add(name: "content-length", value: String(length))
    }
    return fields
  }

  private static let hostName = HTTPField.Name("host") ?? .accept

  /// The fields of a final response.
  ///
  /// - Parameters:
  ///   - status: the status.
  ///   - own: the response's own fields.
  ///   - method: the method of the request that it answers.
  ///   - framing: how its body would be framed in HTTP/1.1: its length is said where that is known.
  /// - Returns: the fields, those of the start line first.
  /// - Throws: `HTTPCodecError` for what must not be sent.
  static func fields(
    of status: HTTPResponse.Status, _ own: HTTPFields, answering method: HTTPRequest.Method,
    framing: HTTPBodyFraming
  ) throws(HTTPCodecError) -> HPACKHeaders {
    guard status.code >= 200 else { throw .interimStatus(status.code) }
    var fields = HPACKHeaders()
    fields.reserveCapacity(3 + own.count)
    fields.add(name: ":status", value: String(status.code))
    if !own.contains(.date) { fields.add(name: "date", value: HTTPDate.shared.now) }
    for field in own { try add(field, to: &fields) }
    if own.contains(.contentLength) {
      _ = try HTTPEncoder.announcement(
        of: framing, of: status.code, answering: method, HTTPMessageFacts(own))
    } else if case .contentLength(let length) = framing {
      fields.add(name: "content-length", value: String(length))
    }
    return fields
  }

  /// Fields that follow a body.
  static func trailers(_ own: HTTPFields) throws(HTTPCodecError) -> HPACKHeaders {
    var fields = HPACKHeaders()
    for field in own { try add(field, to: &fields) }
    return fields
  }

  private static func add(_ field: HTTPField, to fields: inout HPACKHeaders) throws(HTTPCodecError) {
    let name = field.name.canonicalName
    if ofConnections.contains(name), name != "te" || field.value != "trailers" { return }
    let value = field.value
    if let byte = value.utf8.first(where: \.isForbiddenControl) { throw .forbidden(byte, at: 0) }
    // What is secret must not be guessed by how well it compresses (RFC 7541 §7.1).
    let isSecret = name == "authorization" || name == "proxy-authorization"
    fields.add(name: name, value: value, indexing: isSecret ? .neverIndexed : .indexable)
  }

  // MARK: Coming in

  /// The head of a response.
  ///
  /// - Throws: `HTTPCodecError` for fields that break the grammar or a limit.
  static func response(
    _ fields: HPACKHeaders, limits: HTTPLimits
  ) throws(HTTPCodecError) -> HTTPResponseHead {
    let code = fields.first(name: ":status") ?? ""
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512)
    bytes.append("HTTP/1.1 ")
    try append(code, to: &bytes)
    if code == "200" {
      bytes.append(" OK")
    } else if let number = Int(code), let phrase = phrases[number] {
      bytes.append(.space)
      bytes.append(contentsOf: phrase.utf8)
    }
    bytes.append(HTTPEncoder.lineEnd)
    try append(fields, to: &bytes)
    var parser = HTTPHeadParser(limits: limits)
    guard var (head, _): (HTTPResponseHead, Int) = try parser.parseResponse(bytes.span) else {
      throw HTTPHeadParser.truncated(after: bytes.count)
    }
    head.version = .http2
    return head
  }

  /// What HTTP/1.1 says beside the number; HTTP/2 does not send it.
  private static let phrases: [Int: String] = {
    let known: [HTTPResponse.Status] = [
      .earlyHints, .created, .accepted, .nonAuthoritativeInformation, .noContent, .resetContent,
      .partialContent,
      .multipleChoices, .movedPermanently, .found, .seeOther, .notModified, .temporaryRedirect,
      .permanentRedirect,
      .badRequest, .unauthorized, .forbidden, .notFound, .methodNotAllowed, .notAcceptable,
      .proxyAuthenticationRequired, .requestTimeout, .conflict, .gone, .lengthRequired, .preconditionFailed,
      .contentTooLarge, .uriTooLong, .unsupportedMediaType, .rangeNotSatisfiable, .expectationFailed,
      .misdirectedRequest, .unprocessableContent, .tooEarly, .upgradeRequired, .preconditionRequired,
      .tooManyRequests, .requestHeaderFieldsTooLarge, .unavailableForLegalReasons, .internalServerError,
      .notImplemented, .badGateway, .serviceUnavailable, .gatewayTimeout, .httpVersionNotSupported,
      .networkAuthenticationRequired,
    ]
    return Dictionary(uniqueKeysWithValues: known.map { ($0.code, $0.reasonPhrase) })
  }()

  /// The head of a request.
  ///
  /// - Throws: `HTTPCodecError` for fields that break the grammar or a limit.
  static func request(
    _ fields: HPACKHeaders, limits: HTTPLimits
  ) throws(HTTPCodecError) -> HTTPRequestHead {
    let method = fields.first(name: ":method") ?? ""
    let authority = fields.first(name: ":authority") ?? fields.first(name: "host") ?? ""
    let target = method == "CONNECT" ? authority : fields.first(name: ":path") ?? ""
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512)
    try append(method, to: &bytes)
    bytes.append(.space)
    try append(target, to: &bytes)
    bytes.append(" HTTP/1.1\r\nhost: ")
    try append(value: authority, to: &bytes)
    bytes.append(HTTPEncoder.lineEnd)
    let hosts = fields["host"]
    if hosts.count > 1 || hosts.contains(where: { $0 != authority }) { throw .duplicateHost(at: nil) }
    try append(fields, to: &bytes)
    var parser = HTTPHeadParser(limits: limits)
    guard var (head, _): (HTTPRequestHead, Int) = try parser.parseRequest(bytes.span) else {
      throw HTTPHeadParser.truncated(after: bytes.count)
    }
    head.version = .http2
    return head
  }

  /// The fields that followed a body.
  static func trailers(_ fields: HPACKHeaders) -> HTTPFields {
    var trailers = HTTPFields()
    for field in fields {
      guard let name = HTTPField.Name(field.name), !field.name.hasPrefix(":") else { continue }
      trailers.append(HTTPField(name: name, value: field.value))
    }
    return trailers
  }

  /// Appends the lines of all fields but those of the start line, and the empty line.
  private static func append(_ fields: HPACKHeaders, to bytes: inout [UInt8]) throws(HTTPCodecError) {
    var cookies: [UInt8] = []
    for (name, value, _) in fields {
      if name.utf8.first == .colon || name == "host" { continue }
      if name == "cookie" {
        // One field may come in several (RFC 9113 §8.2.3).
        if !cookies.isEmpty { cookies.append("; ") }
        try append(value: value, to: &cookies)
        continue
      }
      if let byte = bytes.append(name, checking: { ASCIISet.token.contains($0) }) {
        throw .forbidden(byte, at: 0)
      }
      bytes.append(": ")
      try append(value: value, to: &bytes)
      bytes.append(HTTPEncoder.lineEnd)
    }
    if !cookies.isEmpty {
      bytes.append("cookie: ")
      bytes += cookies
      bytes.append(HTTPEncoder.lineEnd)
    }
    bytes.append(HTTPEncoder.lineEnd)
  }

  /// Appends what may hold neither spaces nor controls.
  private static func append(_ text: String, to bytes: inout [UInt8]) throws(HTTPCodecError) {
    if let byte = bytes.append(text, checking: { $0 > .space && $0 != 0x7f }) {
      throw .forbidden(byte, at: 0)
    }
  }

  /// Appends what may hold no controls but tabs.
  private static func append(value: String, to bytes: inout [UInt8]) throws(HTTPCodecError) {
    if let byte = bytes.append(value, checking: { !$0.isForbiddenControl }) { throw .forbidden(byte, at: 0) }
  }
}

extension HTTPDate {
  /// The value of the field for now.
  fileprivate var now: String {
    var bytes: [UInt8] = []
    appendLine(to: &bytes)
    return String(decoding: bytes.dropFirst(6).dropLast(2), as: UTF8.self)
  }
}
