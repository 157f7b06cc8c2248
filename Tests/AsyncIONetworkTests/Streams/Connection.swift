import AsyncIONetwork
import AsyncIORuntime
import Glibc

/// Both ends of a connection on loopback.
struct Connection: Sendable {
  let client: TCPStream
  let server: TCPStream

  init() async throws {
    let listener = try TCPListener(port: 0)
    defer { listener.close() }
    client = try await TCPStream.connect(to: listener.localAddress)
    server = try await listener.accept()
  }
}

/// A port of 127.0.0.1 or another address that nobody listens on, and that nobody else gets.
final class ReservedPort: Sendable {
  let number: Int
  let descriptor: CInt

  init(_ ip: String = "127.0.0.1") throws {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    var failure: CInt = 0
    unsafe inet_pton(AF_INET, ip, &address.sin_addr)
    let descriptor = descriptor
    unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        failure = unsafe bind(descriptor, pointer, length)
        if failure == 0 { failure = unsafe getsockname(descriptor, pointer, &length) }
      }
    }
    guard failure == 0 else { throw IOError(.system, errno: errno, operation: "bind") }
    number = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(descriptor) }
}

extension ByteStream {
  /// Reads until the peer has ended its side.
  func readToEnd() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while try await read(appendingTo: &bytes, atMost: 65_536) > 0 {}
    return bytes
  }

  /// Reads this many bytes, or fewer if the peer ends before.
  func read(exactly count: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count, try await read(appendingTo: &bytes, atMost: count - bytes.count) > 0 {}
    return bytes
  }

  /// Writes back what is read, until the peer has ended its side.
  func echo() async throws {
    while true {
      let bytes = try await read(atMost: 65_536)
      guard !bytes.isEmpty else { return }
      try await write(bytes)
    }
  }
}

/// Bytes of which no two neighbouring stretches are alike.
func pattern(_ count: Int) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count + block.count)
  while bytes.count < count { bytes.append(contentsOf: block) }
  bytes.removeLast(bytes.count - count)
  return bytes
}

/// A prime number of bytes, so that what goes wrong by a power of two is seen.
private let block: [UInt8] = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }

/// More bytes than the system takes at once.
let plenty = [UInt8](repeating: 7, count: 1 << 24)
