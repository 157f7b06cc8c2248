import AsyncIOCoordination
import AsyncIORuntime
import Glibc

/// Files as parts of bodies, read by the threads for blocking work.
enum HTTPBodyFile {
  private static let pieceSize = 256 * 1024

  /// A descriptor that is closed when it is dropped, also where reading has failed.
  private final class Handle: Sendable {
    let number: CInt
    init(_ number: CInt) { self.number = number }
    deinit { close(number) }
  }

  static func size(_ path: String) throws(IOError) -> Int {
    var facts = stat()
    guard unsafe stat(path, &facts) == 0 else { throw error("stat", path) }
    guard facts.st_mode & S_IFMT == S_IFREG else {
      throw IOError(.invalid, operation: "stat", detail: "\(path) is no ordinary file; write it as a stream")
    }
    return facts.st_size
  }

  static func write(_ path: String, to writer: HTTPRequestBodyWriter) async throws {
    let handle = try await withBlocking {
      let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
      guard number >= 0 else { throw error("open", path) }
      return Handle(number)
    }
    while true {
      let piece = try await withBlocking { try read(handle, path) }
      if piece.isEmpty { return }
      try await writer.write(piece)
    }
  }

  private static func read(_ handle: Handle, _ path: String) throws(IOError) -> [UInt8] {
    var failure: IOError?
    let piece = unsafe [UInt8](unsafeUninitializedCapacity: pieceSize) { buffer, initializedCount in
      while true {
        let count = unsafe Glibc.read(handle.number, buffer.baseAddress, buffer.count)
        if count < 0, errno == EINTR { continue }
        if count < 0 { failure = error("read", path) }
        initializedCount = max(0, count)
        return
      }
    }
    if let failure { throw failure }
    return piece
  }

  private static func error(_ operation: String, _ path: String) -> IOError {
    IOError(.system, errno: errno, operation: operation, detail: path)
  }
}
