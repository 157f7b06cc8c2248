import AsyncIO

/// An echo server on a port of the loopback interface, until it is killed.
///
/// It prints nothing: the load generator counts.
func serveEcho(port: String?) async throws {
  let listener = try TCPListener(port: port.flatMap { Int($0) } ?? 0)
  try await listener.serve { stream in
    // Aligned as `read(into:)` advises.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 262_144, alignment: 64)
    defer { unsafe buffer.deallocate() }
    while true {
      let count = unsafe try await stream.read(into: buffer)
      if count == 0 { return }
      unsafe try await stream.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}
