// Socket addresses: a value that holds the system's structure, and its text.

public import AsyncIORuntime
import Glibc

/// The address of one end of a connection: an IPv4 or IPv6 address with a port.
///
/// ```swift
/// let address = try SocketAddress(ip: "127.0.0.1", port: 8080)
/// ```
@safe
public struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
  /// The bytes of a `sockaddr_in` or `sockaddr_in6`.
  private let bytes: [UInt8]

  /// Makes an address from a numeric IPv4 or IPv6 address, without asking any name service.
  ///
  /// - Parameters:
  ///   - ip: Such as `127.0.0.1` or `::1`.
  ///   - port: 0 to 65,535; 0 lets the system choose where one listens.
  /// - Throws: `IOError` with the code `invalid` when `ip` is no address or `port` is out of range.
  public init(ip: String, port: Int) throws(IOError) {
    guard let number = UInt16(exactly: port) else {
      throw IOError(.invalid, operation: "address", detail: "\(ip): port \(port) is not within 0 to 65535")
    }
    // The system's functions would stop at a null character, and take what comes before it for the whole.
    let isText = !ip.utf8.contains(0)
    var v4 = sockaddr_in()
    if isText, unsafe inet_pton(AF_INET, ip, &v4.sin_addr) == 1 {
      v4.sin_family = sa_family_t(AF_INET)
      v4.sin_port = number.bigEndian
      bytes = unsafe withUnsafeBytes(of: v4) { unsafe [UInt8]($0) }
      return
    }
    var v6 = sockaddr_in6()
    guard isText, unsafe inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1 else {
      throw IOError(.invalid, operation: "address", detail: "'\(ip)' is neither an IPv4 nor an IPv6 address")
    }
    v6.sin6_family = sa_family_t(AF_INET6)
    v6.sin6_port = number.bigEndian
    bytes = unsafe withUnsafeBytes(of: v6) { unsafe [UInt8]($0) }
  }

  /// Copies an address that a system call has filled in.
  init(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
    bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: address, count: Int(length)))
  }

  /// Copies an address that a system call has filled in.
  init(_ storage: sockaddr_storage, length: socklen_t) {
    bytes = unsafe withUnsafeBytes(of: storage) { unsafe [UInt8]($0.prefix(Int(length))) }
  }

  /// The address in the structure that has room for any.
  var storage: (sockaddr_storage, socklen_t) {
    var storage = sockaddr_storage()
    unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.copyBytes(from: bytes) }
    return (storage, socklen_t(bytes.count))
  }

  /// Calls `body` with room for any address, as the system's calls take it.
  static func withStorage<Result>(
    _ storage: inout sockaddr_storage, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
  ) -> Result {
    unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      // A `sockaddr_storage` is made to be read and written as any `sockaddr`.
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0) }
    }
  }

  /// The address that `call` fills in.
  ///
  /// - Parameters:
  ///   - operation: The name of the call, for errors.
  ///   - call: `getsockname` or the like; returns -1 with `errno` on failure.
  /// - Returns: The address.
  /// - Throws: `IOError` when the call fails.
  static func filled(
    by operation: StaticString,
    _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt
  ) throws(IOError) -> SocketAddress {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    var address: SocketAddress?
    var failure: CInt = 0
    unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      // A `sockaddr_storage` is made to be read and written as any `sockaddr`.
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        if unsafe call(pointer, &length) == 0 {
          address = unsafe SocketAddress(pointer, length: length)
        } else {
          failure = errno
        }
      }
    }
    guard let address else { throw IOError(.system, errno: failure, operation: "\(operation)") }
    return address
  }

  /// Calls `body` with the address as the system's calls take it.
  func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    unsafe bytes.withUnsafeBytes { bytes in
      // At least a whole `sockaddr_in`: no initialiser makes less.
      let address = unsafe bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self)
      return unsafe body(address, socklen_t(bytes.count))
    }
  }

  /// The address family, `AF_INET` or `AF_INET6`.
  var family: CInt { unsafe withSockaddr { address, _ in unsafe CInt(address.pointee.sa_family) } }

  /// The port, 0 to 65,535.
  public var port: Int {
    unsafe bytes.withUnsafeBytes { bytes in
      // In both structures the port is the second 16-bit word, in network order.
      Int(UInt16(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
    }
  }

  /// The numeric address without the port, such as `127.0.0.1` or `::1`.
  public var ip: String {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let (family, offset) = family == AF_INET ? (AF_INET, 4) : (AF_INET6, 8)
    unsafe bytes.withUnsafeBytes { bytes in
      _ = unsafe inet_ntop(
        family, bytes.baseAddress.unsafelyUnwrapped + offset, &text, socklen_t(INET6_ADDRSTRLEN))
    }
    return unsafe text.withUnsafeBufferPointer { text in
      // `inet_ntop` has ended the text with a null, as was the buffer.
      unsafe text.baseAddress.map { unsafe String(cString: $0) } ?? ""
    }
  }

  /// The address and the port, such as `127.0.0.1:80` or `[::1]:80`.
  public var description: String { family == AF_INET6 ? "[\(ip)]:\(port)" : "\(ip):\(port)" }
}
