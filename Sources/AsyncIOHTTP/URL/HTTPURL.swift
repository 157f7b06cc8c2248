/// The address of something that HTTP can request: an absolute `http` or `https` URL.
///
/// It is read strictly where a mistake would go to the wrong host (RFC 3986 for the authority, and no user
/// information), and leniently where the meaning is plain: spaces and text beyond ASCII in the path and the
/// query are percent-encoded. Dot segments are resolved, and a fragment is dropped, since it is never sent.
///
/// ```swift
/// let page = try HTTPURL("https://example.org/a/b?q=snow man")
/// page.authority                       // "example.org"
/// page.requestTarget                   // "/a/b?q=snow%20man"
/// try page.resolve("../c").description // "https://example.org/c"
/// ```
public struct HTTPURL: Hashable, Sendable {
  /// How the server is talked to.
  public enum Scheme: String, Hashable, Sendable {
    /// Without encryption, by default on port 80.
    case http
    /// Over TLS, by default on port 443.
    case https

    /// The port that is meant where a URL names none.
    public var defaultPort: Int {
      switch self {
      case .http: 80
      case .https: 443
      }
    }
  }

  /// How the server is talked to.
  public let scheme: Scheme
  /// The name or address of the server, in small letters; an IPv6 address without its brackets.
  public let host: String
  /// The port of the server, given or by default.
  public let port: Int
  /// The host, and the port unless it is the default one: what `Host` says.
  public let authority: String
  /// The path and the query, percent-encoded: what the request line says.
  public let requestTarget: String
  /// How many bytes of `requestTarget` are the path.
  let pathLength: Int

  /// Reads an absolute URL.
  ///
  /// ```swift
  /// let url = try HTTPURL("http://[::1]:8080/status")
  /// ```
  ///
  /// - Parameter string: the URL; its scheme must be `http` or `https`.
  /// - Throws: `HTTPURLError`, which names the URL and what is wrong with it.
  public init(_ string: String) throws(HTTPURLError) {
    let reference = try HTTPURLReference(string)
    guard let name = reference.scheme else {
      throw reference.error(.unsupportedScheme, "it must begin with http:// or https://.")
    }
    let scheme = try Scheme(name, of: reference)
    guard let authority = reference.authority else {
      throw reference.error(.invalidHost, "two slashes and a host must follow the scheme.")
    }
    self.init(
      scheme: scheme, authority: try HTTPURLAuthority(authority, of: reference),
      path: HTTPURLPath.removingDotSegments(reference.path), query: reference.query)
  }

  init(scheme: Scheme, authority: HTTPURLAuthority, path: [UInt8], query: [UInt8]?) {
    self.init(
      scheme: scheme, host: authority.host, port: authority.port ?? scheme.defaultPort,
      authority: authority.text(defaultPort: scheme.defaultPort), path: path, query: query)
  }

  init(scheme: Scheme, host: String, port: Int, authority: String, path: [UInt8], query: [UInt8]?) {
    self.scheme = scheme
    self.host = host
    self.port = port
    self.authority = authority
    var target = path.isEmpty || path[0] != UInt8(ascii: "/") ? [UInt8(ascii: "/")] + path : path
    pathLength = target.count
    if let query { target += CollectionOfOne(UInt8(ascii: "?")) + query }
    requestTarget = String(decoding: target, as: UTF8.self)
  }

  /// The path, percent-encoded; it begins with a slash.
  public var path: String { String(decoding: requestTarget.utf8.prefix(pathLength), as: UTF8.self) }

  /// The query, percent-encoded and without its question mark, or `nil` if there is none.
  public var query: String? {
    guard requestTarget.utf8.count > pathLength else { return nil }
    return String(decoding: requestTarget.utf8.dropFirst(pathLength + 1), as: UTF8.self)
  }
}

extension HTTPURL: CustomStringConvertible {
  /// The whole URL.
  public var description: String { "\(scheme.rawValue)://\(authority)\(requestTarget)" }
}

extension HTTPURL.Scheme {
  /// The scheme of a reference, which must be one of the two.
  init(_ name: [UInt8], of reference: HTTPURLReference) throws(HTTPURLError) {
    let name = String(decoding: name, as: UTF8.self)
    guard let scheme = HTTPURL.Scheme(rawValue: name) else {
      throw reference.error(.unsupportedScheme, "the scheme is \(name); only http and https are spoken here.")
    }
    self = scheme
  }
}
