// What OpenSSL has decrypted, or taken from the socket, and libpq has not asked for. libpq's own waiting looks for it; a program that
// waits for the socket must do so itself, and libpq has no function for it. OpenSSL is there whenever libpq has TLS.

internal import CPostgreSQL
import Glibc

enum PostgresTLS {
  private typealias Pending = @convention(c) (UnsafeMutableRawPointer?) -> CInt

  /// `SSL_pending` of the library that libpq is linked to.
  private static let pending: Pending? = {
    // The first of that name among what the process has loaded; other TLS libraries for Swift have other names for theirs.
    guard let symbol = unsafe dlsym(nil, "SSL_pending") else { return nil }
    return unsafe unsafeBitCast(symbol, to: Pending.self)
  }()

  /// Whether bytes are there that no `poll` of the socket tells of.
  static func hasPending(_ connection: OpaquePointer?) -> Bool {
    guard unsafe PQsslInUse(connection) == 1, let pending = unsafe pending else { return false }
    return unsafe pending(PQgetssl(connection)) > 0
  }
}
