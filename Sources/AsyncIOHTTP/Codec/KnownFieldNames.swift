import HTTPTypes

/// Field names that need not be made: found by their bytes, they cost neither a check nor a string.
///
/// A hash table with open addressing, filled once and never changed. Each name is in it twice, as the RFCs
/// spell it and in small letters; any other spelling is made anew, since a name keeps the case it came in.
struct KnownFieldNames: Sendable {
  private struct Entry {
    let bytes: [UInt8]
    let name: HTTPField.Name
  }

  static let shared = KnownFieldNames()

  private static let capacity = 512
  private var entries = [Entry?](repeating: nil, count: KnownFieldNames.capacity)

  private init() {
    for name in Self.common + [HTTPField.Name("Host")].compactMap(\.self) {
      insert(name)
      HTTPField.Name(name.canonicalName).map { insert($0) }
    }
  }

  private mutating func insert(_ name: HTTPField.Name) {
    let bytes = Array(name.rawName.utf8)
    var slot = Self.slot(bytes.span, in: 0..<bytes.count)
    while entries[slot] != nil { slot = (slot + 1) % Self.capacity }
    entries[slot] = Entry(bytes: bytes, name: name)
  }

  /// The name that stands in `range`, or `nil` if it is not a token.
  @inline(__always)
  func name(_ bytes: Span<UInt8>, in range: Range<Int>) -> HTTPField.Name? {
    guard !range.isEmpty else { return nil }
    var slot = Self.slot(bytes, in: range)
    while let entry = entries[slot] {
      if Self.isEqual(entry.bytes.span, bytes, range) { return entry.name }
      slot = (slot &+ 1) % Self.capacity
    }
    return HTTPField.Name(bytes.text(range))
  }

  /// Where the search begins: the length and three letters tell common names apart.
  @inline(__always)
  private static func slot(_ bytes: Span<UInt8>, in range: Range<Int>) -> Int {
    let first = Int(bytes[range.lowerBound])
    let middle = Int(bytes[range.lowerBound &+ range.count / 2])
    let last = Int(bytes[range.upperBound &- 1])
    return (range.count &* 37 &+ first &* 11 &+ middle &* 5 &+ last &* 3) % capacity
  }

  @inline(__always)
  private static func isEqual(_ known: Span<UInt8>, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard known.count == range.count else { return false }
    var index = 0
    while index &+ 8 <= known.count {
      if known.word(at: index) != bytes.word(at: range.lowerBound &+ index) { return false }
      index &+= 8
    }
    while index < known.count {
      if known[index] != bytes[range.lowerBound &+ index] { return false }
      index &+= 1
    }
    return true
  }

  /// `Host` is added apart: the library hides its constant, since requests carry it as their authority.
  private static let common: [HTTPField.Name] = [
    .accept, .acceptEncoding, .acceptLanguage, .acceptRanges, .accessControlAllowCredentials,
    .accessControlAllowHeaders, .accessControlAllowMethods, .accessControlAllowOrigin, .age, .allow,
    .authorization, .cacheControl, .connection, .contentDisposition, .contentEncoding, .contentLanguage,
    .contentLength, .contentLocation, .contentRange, .contentSecurityPolicy, .contentType, .cookie, .date,
    .eTag, .expect, .expires, .ifMatch, .ifModifiedSince, .ifNoneMatch, .ifRange,
    .ifUnmodifiedSince, .lastModified, .location, .origin, .proxyAuthenticate, .proxyAuthorization, .range,
    .referer, .retryAfter, .server, .setCookie, .strictTransportSecurity, .te, .trailer, .transferEncoding,
    .upgrade, .userAgent, .vary, .via, .wwwAuthenticate, .xContentTypeOptions,
  ]
}
