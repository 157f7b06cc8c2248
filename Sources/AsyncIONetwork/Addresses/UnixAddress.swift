// Addresses of Unix sockets, and the system's structure for them.

import AsyncIORuntime
import Glibc

/// The address of a Unix socket.
public enum UnixAddress: Sendable, Hashable, CustomStringConvertible {
  /// A socket in the file system, at most 107 bytes of UTF-8.
  case path(String)
  /// A name that only the kernel knows, gone with its last socket (Linux), at most 107 bytes of UTF-8.
  case abstract(String)
  /// No address, as of a client that did not bind to one.
  case unnamed

  private static let pathOffset = MemoryLayout<sa_family_t>.size

  /// Calls `body` with the address as the system's calls take it.
  ///
  /// - Throws: `IOError` with the code `invalid` for a name that is empty, too long, or contains a null character.
  func withSockaddr<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) throws(IOError) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let length = try fill(&address)
    return unsafe withUnsafePointer(to: &address) { pointer in
      // Any structure of addresses is passed as a `sockaddr`.
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(length)) }
    }
  }

  private func fill(_ address: inout sockaddr_un) throws(IOError) -> Int {
    let bytes: [UInt8]
    switch self {
    case .unnamed: return Self.pathOffset
    case .path(let path): bytes = Array(path.utf8)
    // The null in front is what makes a name abstract.
    case .abstract(let name): bytes = [0] + Array(name.utf8)
    }
    let room = MemoryLayout.size(ofValue: address.sun_path)
    let isUsable: Bool =
      switch self {
      // A path ends with a null of its own.
      case .path: !bytes.isEmpty && bytes.count < room && !bytes.contains(0)
      default: bytes.count > 1 && bytes.count <= room
      }
    guard isUsable else {
      throw IOError(
        .invalid, operation: "address",
        detail: "\(debugDescription) is not the name of a Unix socket: 1 to 107 bytes, without nulls")
    }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    // A path ends with its null, an abstract name with its length.
    if case .path = self { return Self.pathOffset + bytes.count + 1 }
    return Self.pathOffset + bytes.count
  }

  /// Copies an address that a system call has filled in.
  private init(_ address: sockaddr_un, length: socklen_t) {
    let count = Int(length) - Self.pathOffset
    var bytes = unsafe withUnsafeBytes(of: address.sun_path) { unsafe Array($0.prefix(max(count, 0))) }
    if bytes.isEmpty {
      self = .unnamed
    } else if bytes[0] == 0 {
      self = .abstract(String(decoding: bytes.dropFirst(), as: UTF8.self))
    } else {
      if let end = bytes.firstIndex(of: 0) { bytes.removeSubrange(end...) }
      self = .path(String(decoding: bytes, as: UTF8.self))
    }
  }

  /// The address that `call` fills in.
  static func filled(
    by operation: StaticString,
    _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt
  ) throws(IOError) -> UnixAddress {
    var address = sockaddr_un()
    var length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let outcome = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe call($0, &length) }
    }
    guard outcome == 0 else { throw IOError(.system, errno: errno, operation: "\(operation)") }
    return UnixAddress(address, length: length)
  }

  private var debugDescription: String {
    switch self {
    case .path(let text), .abstract(let text): text.debugDescription
    case .unnamed: "no name"
    }
  }

  /// The path; the name with an `@` in front, as tools show it; or `unnamed`.
  public var description: String {
    switch self {
    case .path(let path): path
    case .abstract(let name): "@\(name)"
    case .unnamed: "unnamed"
    }
  }
}
