// What a connection sends its bytes over. An enum of the two kinds there are, whose operations are inlined: a frame and an
// existential between a request and its socket would cost more than the choice.

import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS

/// A socket, or TLS over one.
enum HTTPTransport: HTTPByteSink {
  /// TCP or a Unix socket.
  case plain(SocketStream)
  case secure(TLSStream<SocketStream>)

  @inline(__always)
  func read(appendingTo bytes: inout [UInt8], atMost limit: Int) async throws -> Int {
    switch self {
    case .plain(let stream): return try await stream.read(appendingTo: &bytes, atMost: limit)
    case .secure(let stream): return try await stream.read(appendingTo: &bytes, atMost: limit)
    }
  }

  @inline(__always)
  func write(_ bytes: ArraySlice<UInt8>) async throws {
    switch self {
    case .plain(let stream): try await stream.write(bytes)
    case .secure(let stream): try await stream.write(bytes)
    }
  }

  @inline(__always)
  func write(_ bytes: [UInt8]) async throws { try await write(bytes[...]) }

  func closeWriting() async throws {
    switch self {
    case .plain(let stream): try stream.closeWriting()
    case .secure(let stream): try await stream.closeWriting()
    }
  }

  /// Whether the peer has ended, or something has come that nobody has read, as far as can be told without waiting.
  var hasInput: Bool {
    switch self {
    case .plain(let stream): stream.hasInput
    case .secure(let stream): stream.hasPendingInput || stream.base.hasInput
    }
  }

  // MARK: Ending

  /// Closes it at once, without a farewell; whoever waits for it throws `IOError` with the code `closed`.
  func cut() {
    switch self {
    case .plain(let stream): stream.close()
    case .secure(let stream): stream.abort()
    }
  }

  /// Closes it, and says farewell where that is the custom.
  func close() async {
    switch self {
    case .plain(let stream): stream.close()
    case .secure(let stream): await stream.close()
    }
  }

  /// Closes it as `close` does, without anybody who waits for it.
  func closeInBackground() {
    switch self {
    case .plain(let stream): stream.close()
    case .secure(let stream):
      // Detached: it belongs to nobody, and the stream's own limit of time ends it.
      Task.detached(executorPreference: EventLoop.orDefault) { await stream.close() }
    }
  }

  /// Closes it such that the peer sees an error.
  func abort() {
    switch self {
    case .plain(let stream): stream.abort()
    case .secure(let stream): stream.abort()
    }
  }
}
