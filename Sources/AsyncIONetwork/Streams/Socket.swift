// What sockets have in common: making them, options, names.

import AsyncIORuntime
import Glibc

/// System calls on sockets that never wait.
enum Socket {
  /// Looks at what is there, takes nothing and does not wait.
  static let peek = CInt(MSG_PEEK | MSG_DONTWAIT)

  /// A new non-blocking stream socket for addresses like `address`.
  static func makeStream(for address: SocketAddress) throws(IOError) -> CInt {
    try make(address.family, SOCK_STREAM)
  }

  /// A new non-blocking socket, closed in programs that are started from here.
  static func make(_ family: CInt, _ type: __socket_type) throws(IOError) -> CInt {
    let number = socket(family, CInt(type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { throw IOError(.system, errno: errno, operation: "socket") }
    return number
  }

  /// Sets an option to 1; a system that does not know it goes without.
  static func enable(_ option: CInt, level: CInt, on number: CInt) {
    var on: CInt = 1
    _ = unsafe setsockopt(number, level, option, &on, socklen_t(MemoryLayout<CInt>.size))
  }

  /// Sends small writes at once instead of waiting for the acknowledgement of what is under way (Nagle).
  static func disableNagle(_ number: CInt) {
    enable(CInt(TCP_NODELAY), level: CInt(IPPROTO_TCP), on: number)
  }

  /// Takes the error that a connection attempt has ended with; 0 for none.
  static func pendingError(_ number: CInt) -> CInt {
    var failure: CInt = 0
    var length = socklen_t(MemoryLayout<CInt>.size)
    guard unsafe getsockopt(number, SOL_SOCKET, SO_ERROR, &failure, &length) == 0 else { return errno }
    return failure
  }

  /// The address of this end.
  static func localAddress(_ descriptor: Descriptor) throws(IOError) -> SocketAddress {
    try descriptor.withNumber("getsockname") { number throws(IOError) in
      unsafe try SocketAddress.filled(by: "getsockname") { unsafe getsockname(number, $0, $1) }
    }
  }

  /// The address of the other end.
  static func remoteAddress(_ descriptor: Descriptor) throws(IOError) -> SocketAddress {
    try descriptor.withNumber("getpeername") { number throws(IOError) in
      unsafe try SocketAddress.filled(by: "getpeername") { unsafe getpeername(number, $0, $1) }
    }
  }
}
