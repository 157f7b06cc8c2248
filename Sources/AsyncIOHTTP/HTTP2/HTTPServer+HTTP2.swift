import AsyncIONetwork
import AsyncIOTLS

extension HTTPServer {
  /// What a server does about HTTP/2, where one connection carries many requests at a time.
  public struct HTTP2Configuration: Sendable {
    /// Whether it is spoken over TLS with clients that ask for it (ALPN, RFC 7301).
    ///
    /// A TLS context whose `applicationProtocols` are set says by these what is spoken.
    public var isEnabled = true
    /// Whether it is spoken without TLS with clients that begin with it, unasked (RFC 9113 §3.3).
    public var acceptsPriorKnowledge = false
    /// How many requests of one connection are answered at a time; more are refused, and clients send them later.
    public var maximumStreams = 100
    /// How many bytes of one request's body may wait to be read.
    public var streamWindow = 256 * 1024
    /// How many requests a client may take back within half a minute, before its connection is closed (CVE-2023-44487).
    public var maximumResets = 200
    /// How many pings, settings and the like a client may send within half a minute, before its connection is closed.
    public var maximumControlFrames = 200

    /// Makes the default configuration.
    public init() {}
  }
}

extension HTTPServer.Configuration {
  /// What is spoken over TLS, as ALPN names it, the dearest first.
  var protocolNames: [String] { http2.isEnabled ? ["h2", "http/1.1"] : ["http/1.1"] }

  /// What clients are told over HTTP/2.
  var http2Settings: HTTP2Settings {
    var settings = HTTP2Settings()
    settings.maximumStreams = http2.maximumStreams
    settings.streamWindow = http2.streamWindow
    settings.maximumFieldListSize = limits.head
    settings.maximumResets = http2.maximumResets
    settings.maximumControlFrames = http2.maximumControlFrames
    return settings
  }
}

extension HTTPServer {
  /// What every client of HTTP/2 sends first (RFC 9113 §3.4).
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  /// Whether a connection without TLS that begins with these bytes speaks HTTP/2, and the server does so too.
  func speaksHTTP2(_ bytes: [UInt8], over transport: HTTPTransport) -> Bool {
    guard configuration.http2.acceptsPriorKnowledge, case .plain = transport else { return false }
    // The line of HTTP/1.1 that it looks like; the rest is checked by who reads it.
    return bytes.starts(with: Self.preface.prefix(16))
  }

  /// Whether a client has asked for HTTP/2.
  func speaksHTTP2(over transport: HTTPTransport) -> Bool {
    if case .secure(let stream) = transport { stream.negotiatedProtocol == "h2" } else { false }
  }

  /// Answers requests over HTTP/2 until either side ends the connection.
  func serveHTTP2(over transport: HTTPTransport, beginning: [UInt8], from address: SocketAddress?) async {
    guard let connection = try? makeHTTP2(over: transport, from: address) else {
      return await transport.close()
    }
    await knowing(connection) { await connection.serve(beginning: beginning) }
  }

  private func makeHTTP2(
    over transport: HTTPTransport, from address: SocketAddress?
  ) throws -> HTTP2ServerConnection? {
    switch transport {
    case .plain(let stream): try HTTP2ServerConnection(over: stream, from: address, of: self)
    case .secure(let stream): try HTTP2ServerConnection(over: stream, from: address, of: self)
    case .stream, .shared: nil
    }
  }
}
