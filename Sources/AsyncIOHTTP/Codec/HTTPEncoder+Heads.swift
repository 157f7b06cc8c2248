import HTTPTypes

// Heads as the session and the server have them: in parts, without the currency types, whose making would cost more than
// the writing.

extension HTTPEncoder {
  /// Field lines that a message gets unless its own fields have the same names.
  struct Defaults: Sendable {
    private let lines: [(name: HTTPField.Name, bytes: [UInt8])]
    private let all: [UInt8]

    /// Makes the lines.
    ///
    /// - Throws: `HTTPCodecError` for a value that must not be sent.
    init(_ fields: HTTPFields) throws(HTTPCodecError) {
      var lines: [(name: HTTPField.Name, bytes: [UInt8])] = []
      for field in fields {
        var bytes: [UInt8] = []
        var facts = HTTPMessageFacts()
        try HTTPEncoder.append(HTTPFields([field]), to: &bytes, gathering: &facts)
        lines.append((field.name, bytes))
      }
      self.lines = lines
      all = lines.flatMap(\.bytes)
    }

    func append(unless fields: HTTPFields, to bytes: inout [UInt8]) {
      if fields.isEmpty {
        bytes.append(contentsOf: all)
      } else {
        for line in lines where !fields.contains(line.name) { bytes.append(contentsOf: line.bytes) }
      }
    }
  }

  /// Appends the head of a request to the server that a URL names.
  ///
  /// - Parameters:
  ///   - method: the method; not `CONNECT`, whose target is no URL.
  ///   - url: where the request goes.
  ///   - fields: the request's own fields.
  ///   - inFull: whether the target is the whole URL, as proxies want it (RFC 9112 §3.2.2).
  ///   - defaults: what is said unless the fields say otherwise.
  ///   - framing: how the body is sent.
  ///   - bytes: to what the head is appended.
  /// - Returns: what the fields say about the connection.
  /// - Throws: `HTTPCodecError` for what must not be sent; then nothing is appended.
  static func appendHead(
    of method: HTTPRequest.Method, to url: HTTPURL, _ fields: HTTPFields, inFull: Bool = false,
    defaults: Defaults, framing: HTTPBodyFraming, to bytes: inout [UInt8]
  ) throws(HTTPCodecError) -> HTTPMessageFacts {
    guard method != .connect else {
      throw .invalidTarget("CONNECT asks a proxy for a tunnel and not a server for a URL", at: nil)
    }
    let start = bytes.count
    do throws(HTTPCodecError) {
      // Nothing to check in these: a method is a token by its type, and the parts of a URL are made for this.
      bytes.append(contentsOf: method.rawValue.utf8)
      bytes.append(.space)
      if inFull {
        bytes.append(contentsOf: url.scheme.rawValue.utf8)
        bytes.append("://")
        bytes.append(contentsOf: url.authority.utf8)
      }
      bytes.append(contentsOf: url.requestTarget.utf8)
      bytes.append(" HTTP/1.1\r\n")
      let hostStart = bytes.count
      bytes.append("Host: ")
      bytes.append(contentsOf: url.authority.utf8)
      bytes.append(lineEnd)
      let hostEnd = bytes.count
      defaults.append(unless: fields, to: &bytes)
      var facts = HTTPMessageFacts()
      if !fields.isEmpty {
        try append(fields, to: &bytes, gathering: &facts)
        try settleHost(hostStart..<hostEnd, facts, &bytes)
      }
      try appendFraming(of: method, framing, facts, to: &bytes)
      bytes.append(lineEnd)
      return facts
    } catch {
      bytes.removeSubrange(start...)
      throw error
    }
  }

  /// Appends the head of a response.
  ///
  /// - Parameters:
  ///   - status: the status.
  ///   - fields: the response's own fields.
  ///   - method: the method of the request that it answers.
  ///   - framing: how its body is sent.
  ///   - connection: what to say about the connection; `untilClose` says `close` by itself.
  ///   - date: tells the time for `Date`, unless the fields have one.
  ///   - bytes: to what the head is appended.
  /// - Returns: what the fields say about the connection.
  /// - Throws: `HTTPCodecError` for what must not be sent; then nothing is appended.
  static func appendHead(
    of status: HTTPResponse.Status, _ fields: HTTPFields, answering method: HTTPRequest.Method,
    framing: HTTPBodyFraming, connection: Connection = .unspecified, date: HTTPDate? = nil,
    to bytes: inout [UInt8]
  ) throws(HTTPCodecError) -> HTTPMessageFacts {
    let start = bytes.count
    do throws(HTTPCodecError) {
      try appendStatusLine(of: status, to: &bytes)
      if let date, !fields.contains(.date) { date.appendLine(to: &bytes) }
      var facts = HTTPMessageFacts()
      try append(fields, to: &bytes, gathering: &facts)
      try appendFraming(of: status.code, answering: method, framing, facts, to: &bytes)
      append(framing == .untilClose ? .close : connection, unless: facts, to: &bytes)
      bytes.append(lineEnd)
      return facts
    } catch {
      bytes.removeSubrange(start...)
      throw error
    }
  }
}
