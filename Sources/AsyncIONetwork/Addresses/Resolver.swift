// Names to addresses, by the system's resolver on a thread of the blocking pool.

import AsyncIOCoordination
import AsyncIORuntime
import Glibc

/// Finds the addresses of a host name.
///
/// A numeric address is returned at once, without asking.
///
/// ```swift
/// let addresses = try await resolve("localhost", port: 80)
/// ```
///
/// - Parameters:
///   - host: A name, or a numeric IPv4 or IPv6 address.
///   - port: The port that the addresses shall have.
/// - Returns: At least one address, in the system's order of preference.
/// - Throws: `IOError` with the code `unresolved` when the name has no address or the resolver fails, `invalid` when `port`
///   is out of range or `host` contains a null character.
///
/// ## Cancellation
/// The system's resolver cannot be interrupted: a call under way is awaited, and its answer dropped.
public func resolve(_ host: String, port: Int) async throws -> [SocketAddress] {
  if let address = try? SocketAddress(ip: host, port: port) { return [address] }
  guard (0...65_535).contains(port) else {
    throw IOError(.invalid, operation: "resolve", detail: "\(host): port \(port) is not within 0 to 65535")
  }
  // The system's resolver would look up what comes before a null character.
  guard !host.utf8.contains(0) else {
    throw IOError(
      .invalid, operation: "resolve", detail: "\(host.debugDescription) contains a null character")
  }
  let addresses = try await withBlocking { try lookUp(host, port) }
  try Task.checkCancellation()
  return addresses
}

private func lookUp(_ host: String, _ port: Int) throws(IOError) -> [SocketAddress] {
  var hints = unsafe addrinfo()
  unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
  unsafe hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
  var list: UnsafeMutablePointer<addrinfo>?
  let failure = unsafe getaddrinfo(host, "\(port)", &hints, &list)
  guard failure == 0 else {
    let reason =
      failure == EAI_SYSTEM ? IOError.message(errno) : unsafe String(cString: gai_strerror(failure))
    throw IOError(.unresolved, operation: "resolve", detail: "\(host): \(reason)")
  }
  defer { unsafe freeaddrinfo(list) }
  var addresses: [SocketAddress] = []
  var entry = unsafe list
  while let current = unsafe entry {
    if let address = unsafe current.pointee.ai_addr {
      unsafe addresses.append(SocketAddress(address, length: current.pointee.ai_addrlen))
    }
    unsafe entry = unsafe current.pointee.ai_next
  }
  guard !addresses.isEmpty else {
    throw IOError(.unresolved, operation: "resolve", detail: "\(host): it has no address")
  }
  return addresses
}
