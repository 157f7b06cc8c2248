/// What a request may be sent to: a text or a URL.
public protocol HTTPURLConvertible {
  /// The URL that is meant.
  ///
  /// - Parameter base: what a text without scheme and host is taken relative to, if there is anything.
  /// - Returns: an absolute URL.
  /// - Throws: `HTTPURLError`, which names the text and what is wrong with it.
  func httpURL(relativeTo base: HTTPURL?) throws(HTTPURLError) -> HTTPURL
}

extension HTTPURL: HTTPURLConvertible {
  /// This URL.
  public func httpURL(relativeTo base: HTTPURL?) throws(HTTPURLError) -> HTTPURL { self }
}

extension String: HTTPURLConvertible {
  /// The URL that the text is, or the base with the text behind its path.
  public func httpURL(relativeTo base: HTTPURL?) throws(HTTPURLError) -> HTTPURL {
    guard let base else { return try HTTPURL(self) }
    return try base.appending(self)
  }
}

extension HTTPURL {
  /// The URL with a path, perhaps with a query, behind its own path; a text with a scheme is a URL of its own.
  ///
  /// As with httpx, and unlike a link in a page: the base's path stays whole, also where the text begins with a slash.
  ///
  /// ```swift
  /// let api = try HTTPURL("https://example.org/v1")
  /// try api.appending("/users?page=2").description     // "https://example.org/v1/users?page=2"
  /// ```
  ///
  /// - Parameter reference: a path, a query or both; or an absolute URL.
  /// - Returns: the URL, without a fragment. The base's query is left out where the reference has one.
  /// - Throws: `HTTPURLError`.
  public func appending(_ reference: String) throws(HTTPURLError) -> HTTPURL {
    let parts = try HTTPURLReference(reference)
    if parts.scheme != nil || parts.authority != nil { return try resolve(reference) }
    let slash = UInt8(ascii: "/")
    var path = Array(path.utf8)
    if !parts.path.isEmpty {
      while path.last == slash { path.removeLast() }
      path.append(slash)
      path += parts.path.drop { $0 == slash }
    }
    return replacing(
      path: HTTPURLPath.removingDotSegments(path), query: parts.query ?? query.map { Array($0.utf8) })
  }

  /// The URL with parameters behind its query.
  ///
  /// ```swift
  /// try HTTPURL("http://example.org/?a=1").appending(["q": "snow man"])     // http://example.org/?a=1&q=snow+man
  /// ```
  ///
  /// - Parameter parameters: what to add; nothing changes for none.
  /// - Returns: the URL.
  public func appending(_ parameters: HTTPParameters) -> HTTPURL {
    if parameters.isEmpty { return self }
    let own = query ?? ""
    let query = own.isEmpty ? parameters.encoded : own + "&" + parameters.encoded
    return replacing(path: Array(path.utf8), query: Array(query.utf8))
  }
}
