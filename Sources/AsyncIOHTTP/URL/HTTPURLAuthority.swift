/// The part of a URL that says where to connect: a host and perhaps a port.
struct HTTPURLAuthority: Hashable, Sendable {
  /// In small letters, an IPv6 address without brackets.
  let host: String
  let isIPv6: Bool
  let port: Int?

  init(_ bytes: [UInt8], of reference: HTTPURLReference) throws(HTTPURLError) {
    var rest = bytes[...]
    if let at = rest.lastIndex(of: UInt8(ascii: "@")) {
      guard at == rest.startIndex else {
        throw reference.error(
          .userInformation,
          "a user name or password stands before the host, where it ends up in logs; send it as Authorization."
        )
      }
      rest = rest.dropFirst()
    }
    isIPv6 = rest.first == UInt8(ascii: "[")
    if isIPv6 {
      guard let bracket = rest.firstIndex(of: UInt8(ascii: "]")) else {
        throw reference.error(.invalidHost, "the bracket before an IPv6 address is not closed.")
      }
      host = try Self.address(rest[..<bracket].dropFirst(), of: reference)
      rest = rest[(bracket + 1)...]
    } else {
      let end = rest.firstIndex(of: .colon) ?? rest.endIndex
      host = try Self.name(rest[..<end], of: reference)
      rest = rest[end...]
    }
    port = try Self.port(rest, of: reference)
  }

  /// The authority as it is written, without the port if that is the default one.
  func text(defaultPort: Int) -> String {
    let host = isIPv6 ? "[\(host)]" : host
    guard let port, port != defaultPort else { return host }
    return "\(host):\(port)"
  }

  private static func name(
    _ bytes: ArraySlice<UInt8>, of reference: HTTPURLReference
  ) throws(HTTPURLError) -> String {
    guard !bytes.isEmpty else { throw reference.error(.invalidHost, "it has no host.") }
    if bytes.contains(where: { $0 >= 0x80 }) {
      throw reference.error(
        .internationalizedHost, "the host is not ASCII; give it in its encoded form, which begins with xn--.")
    }
    guard bytes.count <= 255, bytes.allSatisfy({ ASCIISet.hostName.contains($0) }) else {
      throw reference.error(.invalidHost, "a host is made of letters, digits, dots and hyphens.")
    }
    guard isNumberedWell(bytes) else {
      throw reference.error(
        .invalidHost, "the host ends in a number but is no IPv4 address of four numbers from 0 to 255.")
    }
    return String(decoding: bytes.map(\.lowercased), as: UTF8.self)
  }

  /// Whether a host that ends in a number is an IPv4 address in its one plain spelling.
  ///
  /// Resolvers read `127.1`, `0x7f.0.0.1` and `2130706433` as addresses too, which filters on hosts do not.
  private static func isNumberedWell(_ bytes: ArraySlice<UInt8>) -> Bool {
    let whole = bytes.last == UInt8(ascii: ".") ? bytes.dropLast() : bytes
    let labels = whole.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard let last = labels.last, isNumber(last) else { return true }
    return whole.count == bytes.count && isIPv4Address(whole)
  }

  /// Whether the bytes are four decimal numbers up to 255 without leading zeros.
  static func isIPv4Address(_ bytes: ArraySlice<UInt8>) -> Bool {
    let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard labels.count == 4 else { return false }
    return labels.allSatisfy { label in
      guard (1...3).contains(label.count), label.allSatisfy(\.isDigit) else { return false }
      if label.count > 1, label.first == UInt8(ascii: "0") { return false }
      return label.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 255
    }
  }

  private static func isNumber(_ label: ArraySlice<UInt8>) -> Bool {
    if !label.isEmpty, label.allSatisfy(\.isDigit) { return true }
    return label.map(\.lowercased).starts(with: "0x".utf8)
      && label.dropFirst(2).allSatisfy { $0.hexadecimalValue != nil }
  }

  private static func port(
    _ bytes: ArraySlice<UInt8>, of reference: HTTPURLReference
  ) throws(HTTPURLError) -> Int? {
    guard let colon = bytes.first else { return nil }
    guard colon == .colon else {
      throw reference.error(.invalidHost, "only a colon and a port may follow an IPv6 address.")
    }
    let digits = bytes.dropFirst()
    if digits.isEmpty { return nil }
    let number = digits.reduce(0) { $1.isDigit && $0 <= 65_535 ? $0 * 10 + Int($1 - 0x30) : 65_536 }
    guard (1...65_535).contains(number) else {
      throw reference.error(.invalidPort, "the port must be a number from 1 to 65535.")
    }
    return number
  }
}
