extension HTTPURL {
  /// Resolves a reference against this URL, as a browser does with a link or a `Location`.
  ///
  /// RFC 3986 §5.2, strictly: `http:g` is a URL without a host and refused, not a relative path.
  ///
  /// ```swift
  /// let base = try HTTPURL("http://a/b/c/d;p?q")
  /// try base.resolve("../g").description     // "http://a/b/g"
  /// ```
  ///
  /// - Parameter reference: a URL, or a relative reference such as `//host/path`, `/path`, `path` or
  ///   `?query`.
  /// - Returns: the URL that is meant, without its fragment.
  /// - Throws: `HTTPURLError`, which names the reference and what is wrong with it.
  public func resolve(_ reference: String) throws(HTTPURLError) -> HTTPURL {
    let parts = try HTTPURLReference(reference)
    if parts.scheme != nil { return try HTTPURL(reference) }
    if let authority = parts.authority {
      return HTTPURL(
        scheme: scheme, authority: try HTTPURLAuthority(authority, of: parts),
        path: HTTPURLPath.removingDotSegments(parts.path), query: parts.query)
    }
    let base = Array(path.utf8)
    if parts.path.isEmpty {
      return replacing(path: base, query: parts.query ?? query.map { Array($0.utf8) })
    }
    let isAbsolute = parts.path.first == UInt8(ascii: "/")
    let merged = isAbsolute ? parts.path : HTTPURLPath.merging(parts.path, into: base)
    return replacing(path: HTTPURLPath.removingDotSegments(merged), query: parts.query)
  }

  func replacing(path: [UInt8], query: [UInt8]?) -> HTTPURL {
    HTTPURL(scheme: scheme, host: host, port: port, authority: authority, path: path, query: query)
  }
}
