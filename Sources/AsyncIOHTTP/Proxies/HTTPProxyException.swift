import Glibc

/// Hosts that are reached without a proxy: an entry of `NO_PROXY`.
struct HTTPProxyException: Hashable, Sendable {
  private enum Hosts: Hashable, Sendable {
    case all
    /// A name and those below it.
    case domain(String)
    /// Addresses whose first bits are these.
    case block(address: [UInt8], bits: Int)
  }

  private let hosts: Hosts
  private let port: Int?

  /// Reads an entry; nil if it is empty.
  init?(_ text: String) {
    var rest = text.trimmed[...].lowercased()[...]
    guard !rest.isEmpty else { return nil }
    var port: Int?
    // One colon is before a port; more are an address, whose port stands behind a bracket.
    let isBare = rest.first != "[" && rest.count(where: { $0 == ":" }) > 1
    if !isBare, let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]"),
      let number = Int(rest[rest.index(after: colon)...])
    {
      port = number
      rest = rest[..<colon]
    }
    if rest.first == "[", rest.last == "]" { rest = rest.dropFirst().dropLast() }
    self.port = port
    if rest == "*" {
      hosts = .all
      return
    }
    let parts = rest.split(separator: "/", maxSplits: 1)
    if let first = parts.first, let address = Self.addressBytes(String(first)) {
      let bits = parts.count > 1 ? Int(parts[1]) ?? address.count * 8 : address.count * 8
      hosts = .block(address: address, bits: min(max(bits, 0), address.count * 8))
      return
    }
    if rest.hasPrefix("*.") { rest = rest.dropFirst() }
    if rest.first == "." { rest = rest.dropFirst() }
    guard !rest.isEmpty else { return nil }
    hosts = .domain(String(rest))
  }

  func matches(_ origin: HTTPOrigin) -> Bool {
    if let port, port != origin.port { return false }
    switch hosts {
    case .all: return true
    case .domain(let name): return origin.host == name || origin.host.hasSuffix("." + name)
    case .block(let address, let bits):
      guard let host = Self.addressBytes(origin.host), host.count == address.count else { return false }
      return (0..<bits).allSatisfy { bit in
        let mask: UInt8 = 0x80 >> UInt8(bit % 8)
        return host[bit / 8] & mask == address[bit / 8] & mask
      }
    }
  }

  /// Whether a host is this machine.
  static func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host.hasSuffix(".localhost") { return true }
    guard let address = addressBytes(host) else { return false }
    return address.count == 4 ? address[0] == 127 : address == [UInt8](repeating: 0, count: 15) + [1]
  }

  /// The bytes of a numeric address.
  static func addressBytes(_ text: String) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 16)
    if unsafe inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
    if unsafe inet_pton(AF_INET6, text, &bytes) == 1 { return bytes }
    return nil
  }
}
