import HTTPTypes

/// A server that requests go through: an HTTP proxy, or one that speaks SOCKS5.
///
/// ```swift
/// configuration.proxies = .all(try HTTPProxy("socks5://127.0.0.1:1080"))
/// ```
///
/// An HTTP proxy is asked for a tunnel where the URL is `https`, and gets the request itself where it is `http`. One that speaks
/// SOCKS5 makes a tunnel for either, and looks the host up by itself, as with `socks5h` in curl.
public struct HTTPProxy: Hashable, Sendable {
  enum Kind: String, Hashable, Sendable {
    case http
    case socks5
  }

  let kind: Kind
  let host: String
  let port: Int
  private let authority: String
  let user: String?
  let password: String

  /// Reads the address of a proxy.
  ///
  /// - Parameter text: `http://`, `socks5://` or `socks5h://`, perhaps a percent-encoded name and password with an `@`, a host, and
  ///   a port; 80 is meant where none is given, or 1080 for SOCKS. Without a scheme it is an HTTP proxy.
  /// - Throws: ``HTTPURLError`` that does not show the password.
  public init(_ text: String) throws(HTTPURLError) {
    var rest = text[...]
    var scheme = "http"
    if let mark = rest.firstRange(of: "://") {
      scheme = rest[..<mark.lowerBound].lowercased()
      rest = rest[mark.upperBound...]
    }
    rest = rest.prefix { !"/?#".contains($0) }
    let credentials = rest.lastIndex(of: "@").map { rest[..<$0] }
    if let credentials { rest = rest[rest.index(credentials.endIndex, offsetBy: 1)...] }
    switch scheme {
    case "http": kind = .http
    case "socks5", "socks5h": kind = .socks5
    default:
      throw HTTPURLError(
        code: .unsupportedScheme, url: "\(scheme)://\(rest)",
        message: "a proxy is spoken to by http, socks5 or socks5h.")
    }
    let url = try HTTPURL("http://\(rest)")
    let afterAddress = rest.lastIndex(of: "]").map { rest[$0...] } ?? rest
    let hasPort = afterAddress.lastIndex(of: ":").map { $0 != rest.indices.last } ?? false
    host = url.host
    port = hasPort || kind == .http ? url.port : 1080
    authority = String(rest)
    let parts = credentials?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    user = parts?.first.map { Self.percentDecoded($0) }
    password = parts.flatMap { $0.count > 1 ? Self.percentDecoded($0[1]) : nil } ?? ""
    // SOCKS has one byte for the length of each (RFC 1929).
    guard kind == .http || (user ?? "").utf8.count < 256 && password.utf8.count < 256 else {
      throw HTTPURLError(
        code: .userInformation, url: "\(scheme)://***@\(rest)",
        message: "a name or password for SOCKS has at most 255 bytes.")
    }
  }

  private static func percentDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2, let high = rest[rest.startIndex].hexadecimalValue,
        let low = rest[rest.startIndex + 1].hexadecimalValue
      {
        bytes.append(UInt8(high) << 4 | UInt8(low))
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: Credentials

  /// The value of `Proxy-Authorization`, if the proxy wants to know who asks.
  var authorization: String? {
    user.map { "Basic " + Base64.encode(Array("\($0):\(password)".utf8)) }
  }

  func addingCredentials(to fields: HTTPFields) -> HTTPFields {
    guard let authorization, !fields.contains(.proxyAuthorization) else { return fields }
    var fields = fields
    fields[.proxyAuthorization] = authorization
    return fields
  }
}

extension HTTPProxy: CustomStringConvertible {
  /// The address, without name and password.
  public var description: String { "the proxy \(kind.rawValue)://\(authority)" }
}

/// A proxy that could not be used, or did not make a tunnel.
struct HTTPProxyError: Error, CustomStringConvertible {
  let description: String
  let underlying: (any Error)?
  /// What an HTTP proxy has answered, if it has.
  let status: HTTPResponse.Status?

  init(_ description: String, underlying: (any Error)? = nil, status: HTTPResponse.Status? = nil) {
    self.description = description
    self.underlying = underlying
    self.status = status
  }
}
