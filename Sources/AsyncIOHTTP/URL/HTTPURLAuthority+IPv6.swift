extension HTTPURLAuthority {
  /// Reads an IPv6 address without its brackets (RFC 3986 §3.2.2).
  static func address(
    _ bytes: ArraySlice<UInt8>, of reference: HTTPURLReference
  ) throws(HTTPURLError) -> String {
    if bytes.contains(UInt8(ascii: "%")) {
      throw reference.error(
        .invalidHost,
        "an IPv6 address in a URL of HTTP has no zone; leave out the percent sign and what follows.")
    }
    guard isIPv6Address(bytes) else {
      throw reference.error(.invalidHost, "what stands in brackets is no IPv6 address.")
    }
    return String(decoding: bytes.map(\.lowercased), as: UTF8.self)
  }

  /// Whether the bytes are eight groups, or fewer around one double colon, the last two perhaps as IPv4.
  private static func isIPv6Address(_ bytes: ArraySlice<UInt8>) -> Bool {
    let text = Array(bytes)
    let gap = text.indices.dropLast().first { text[$0] == .colon && text[$0 + 1] == .colon }
    guard let gap else { return groupCount(text[...], mayEndInIPv4: true) == 8 }
    guard let before = groupCount(text[..<gap], mayEndInIPv4: false),
      let after = groupCount(text[(gap + 2)...], mayEndInIPv4: true)
    else { return false }
    return before + after <= 7
  }

  /// How many groups of 16 bits the bytes hold, or `nil` if they are no groups.
  private static func groupCount(_ bytes: ArraySlice<UInt8>, mayEndInIPv4: Bool) -> Int? {
    if bytes.isEmpty { return 0 }
    let groups = bytes.split(separator: .colon, omittingEmptySubsequences: false)
    var count = 0
    for (position, group) in groups.enumerated() {
      if (1...4).contains(group.count), group.allSatisfy({ $0.hexadecimalValue != nil }) {
        count += 1
      } else if mayEndInIPv4, position == groups.count - 1, isIPv4Address(group) {
        count += 2
      } else {
        return nil
      }
    }
    return count
  }
}
