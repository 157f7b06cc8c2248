// Tunnels: by CONNECT through an HTTP proxy (RFC 9110 §9.3.6), and by SOCKS5 (RFC 1928, RFC 1929).
//
// Nothing is read beyond what the proxy says: after CONNECT, a server of TLS waits for its client; of SOCKS, the lengths are known.

import AsyncIONetwork
import AsyncIORuntime
import HTTPTypes

extension HTTPProxy {
  /// How much a proxy may say before the tunnel is there.
  private static let limits = HTTPLimits()

  /// Has the proxy connect to an origin; the stream is closed if it does not.
  ///
  /// - Throws: `HTTPProxyError`, `CancellationError`.
  func tunnel(to origin: HTTPOrigin, over stream: TCPStream) async throws {
    do {
      switch kind {
      case .http: try await connect(to: origin, over: stream)
      case .socks5: try await speakSOCKS(to: origin, over: stream)
      }
    } catch {
      stream.close()
      switch error {
      case is HTTPProxyError, is CancellationError: throw error
      default: throw HTTPProxyError("\(self): \(error)", underlying: error)
      }
    }
  }

  // MARK: CONNECT

  private func connect(to origin: HTTPOrigin, over stream: TCPStream) async throws {
    let host = origin.host.contains(":") ? "[\(origin.host)]" : origin.host
    let target = "\(host):\(origin.port)"
    var request = "CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\n"
    if let authorization { request += "Proxy-Authorization: \(authorization)\r\n" }
    try await stream.write(Array((request + "\r\n").utf8))
    var input = HTTPInput()
    var parser = HTTPHeadParser(limits: Self.limits)
    var interimCount = 0
    while true {
      input.compact()
      guard try await stream.read(appendingTo: &input.bytes, atMost: HTTPConnection.readSize) > 0 else {
        throw HTTPProxyError("\(self) has closed the connection instead of making a tunnel to \(target)")
      }
      guard let head = try HTTPConnection.nextFinalHead(&input, &parser, &interimCount) else { continue }
      guard (200..<300).contains(head.code) else {
        throw HTTPProxyError(
          "\(self) makes no tunnel to \(target): it answered \(head.status)", status: head.status)
      }
      guard input.isEmpty else {
        throw HTTPProxyError("\(self) has sent something that belongs to no tunnel to \(target)")
      }
      return
    }
  }

  // MARK: SOCKS

  private func speakSOCKS(to origin: HTTPOrigin, over stream: TCPStream) async throws {
    // Version 5; the ways to say who we are: nobody, or by name and password.
    try await stream.write(user == nil ? [5, 1, 0] : [5, 2, 0, 2])
    let choice = try await read(2, from: stream)
    guard choice[0] == 5 else { throw HTTPProxyError("\(self) does not speak SOCKS5") }
    switch choice[1] {
    case 0: break
    case 2 where user != nil: try await authenticate(over: stream)
    default:
      throw HTTPProxyError(
        "\(self) accepts none of our ways to say who we are; it may want a name and password")
    }
    try await stream.write([5, 1, 0] + Self.socksAddress(origin))
    let reply = try await read(4, from: stream)
    guard reply[0] == 5, reply[1] == 0 else {
      throw HTTPProxyError(
        "\(self) makes no tunnel to \(origin.host):\(origin.port): \(Self.reason(reply[1]))")
    }
    // The address that it connects from, which nobody needs, and its port.
    let length: Int
    switch reply[3] {
    case 1: length = 4
    case 4: length = 16
    case 3: length = Int(try await read(1, from: stream)[0])
    default: throw HTTPProxyError("\(self) answers with an address of no known kind")
    }
    _ = try await read(length + 2, from: stream)
  }

  private func authenticate(over stream: TCPStream) async throws {
    let (name, word) = (Array((user ?? "").utf8), Array(password.utf8))
    try await stream.write([1, UInt8(name.count)] + name + [UInt8(word.count)] + word)
    guard try await read(2, from: stream)[1] == 0 else {
      throw HTTPProxyError("\(self) refuses the name and password")
    }
  }

  /// The address and port of an origin as SOCKS has it: a number, or a name for the proxy to look up.
  private static func socksAddress(_ origin: HTTPOrigin) -> [UInt8] {
    let port = [UInt8(truncatingIfNeeded: origin.port >> 8), UInt8(truncatingIfNeeded: origin.port)]
    if let address = HTTPProxyException.addressBytes(origin.host) {
      return [address.count == 4 ? 1 : 4] + address + port
    }
    // A host of a URL has at most 255 bytes.
    return [3, UInt8(origin.host.utf8.count)] + Array(origin.host.utf8) + port
  }

  private static func reason(_ code: UInt8) -> String {
    let reasons = [
      "it failed", "its rules forbid it", "the network cannot be reached", "the host cannot be reached",
      "the connection was refused", "the time to live has expired", "it does not know this command",
      "it does not know this kind of address",
    ]
    let index = Int(code) - 1
    return reasons.indices.contains(index) ? reasons[index] : "it answered \(code)"
  }

  private func read(_ count: Int, from stream: TCPStream) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      if try await stream.read(appendingTo: &bytes, atMost: count - bytes.count) == 0 {
        throw HTTPProxyError("\(self) has closed the connection instead of making a tunnel")
      }
    }
    return bytes
  }
}
