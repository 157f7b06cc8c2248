import AsyncIO
import Glibc

/// Ten thousand files of 1 KiB, read whole a hundred at a time, five times over.
func readFiles() async throws {
  try await withSmallFiles { paths in
    _ = try await gather(paths, limit: 100) { try await FileSystem.read($0) }
    let start = ContinuousClock.now
    for _ in 0..<5 {
      let contents = try await gather(paths, limit: 100) { try await FileSystem.read($0) }
      precondition(contents.allSatisfy { $0.count == 1024 }, "a file was not read whole.")
    }
    report(.files, count: 5 * paths.count, since: start)
  }
}

/// The same by blocking calls, one after another: what there is to reach.
func readFilesBlocking() async throws {
  try await withSmallFiles { paths in
    for path in paths { _ = readBlocking(path) }
    let start = ContinuousClock.now
    for _ in 0..<5 {
      let contents = paths.map(readBlocking)
      precondition(contents.allSatisfy { $0.count == 1024 }, "a file was not read whole.")
    }
    report(.filesblocking, count: 5 * paths.count, since: start)
  }
}

private func readBlocking(_ path: FilePath) -> [UInt8] {
  let number = unsafe path.withPlatformString { unsafe open($0, O_RDONLY | O_CLOEXEC) }
  var status = stat()
  unsafe fstat(number, &status)
  let size = Int(status.st_size)
  let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    unsafe count = max(0, read(number, buffer.baseAddress, size))
  }
  close(number)
  return bytes
}

private func withSmallFiles(_ body: ([FilePath]) async throws -> Void) async throws {
  try await withTemporaryDirectory(in: "/var/tmp") { directory in
    let paths = (0..<10_000).map { directory.appending("\($0)") }
    for path in paths { try await FileSystem.write([UInt8](repeating: 120, count: 1024), to: path) }
    try await body(paths)
  }
}
