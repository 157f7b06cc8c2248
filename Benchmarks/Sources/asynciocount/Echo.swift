import AsyncIO

/// Messages of 1 KiB there and back between two tasks, over a pair of sockets: four calls of the system each, whose
/// instructions are not counted.
func echoMessages(_ times: Int) async throws {
  let (near, far) = try UnixStream.pair()
  let server = createTask {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 64)
    defer { unsafe buffer.deallocate() }
    while true {
      let count = unsafe try await far.read(into: buffer)
      if count == 0 { return }
      unsafe try await far.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 64)
  defer { unsafe buffer.deallocate() }
  unsafe buffer.initializeMemory(as: UInt8.self, repeating: 120)
  for _ in 0..<times {
    unsafe try await near.write(UnsafeRawBufferPointer(buffer))
    let count = unsafe try await near.read(into: buffer)
    precondition(count == 1024, "\(count) bytes of 1024 came back")
  }
  near.close()
  try await server.value
}
