// What the checks of streams send.

internal import AsyncIONetwork

/// Bytes to send, and ways to read them.
enum StreamBytes {
  /// Bytes of which no two neighbouring stretches are alike.
  static func pattern(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + block.count)
    while bytes.count < count { bytes.append(contentsOf: block) }
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  /// A prime number of bytes, so that what goes wrong by a power of two is seen.
  private static let block: [UInt8] = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }

  /// More bytes than the system takes at once.
  static let plenty = pattern(1 << 24)

  /// Everything up to the end.
  static func toEnd(_ reader: some ReadableByteStream) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while try await reader.read(appendingTo: &bytes, atMost: 65_536) > 0 {}
    return bytes
  }
}

extension [UInt8] {
  /// Lends a copy of the bytes in memory that does not move.
  func withMemory(_ body: (UnsafeRawBufferPointer) async throws -> Void) async rethrows {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { unsafe memory.deallocate() }
    unsafe memory.copyBytes(from: self)
    unsafe try await body(UnsafeRawBufferPointer(memory))
  }
}
