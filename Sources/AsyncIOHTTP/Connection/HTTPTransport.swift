// What a connection sends its bytes over. An enum of the kinds there are, whose operations are inlined: a frame and an
// existential between a request and its socket would cost more than the choice.
//
// Of HTTP/2 there are two: a stream, over which the bytes of one body go, and the connection that its streams share, over which
// nothing goes by itself.

import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS

/// A socket, TLS over one, or a part of HTTP/2 over either.
enum HTTPTransport: HTTPByteSink {
  /// TCP or a Unix socket.
  case plain(SocketStream)
  case secure(TLSStream<SocketStream>)
  /// One request over HTTP/2.
  case stream(HTTP2Stream)
  /// All requests over one connection of HTTP/2.
  case shared(HTTP2Connection)

  @inline(__always)
  func read(appendingTo bytes: inout [UInt8], atMost limit: Int) async throws -> Int {
    switch self {
    case .plain(let stream): return try await stream.read(appendingTo: &bytes, atMost: limit)
    case .secure(let stream): return try await stream.read(appendingTo: &bytes, atMost: limit)
    case .stream(let stream): return try await stream.read(appendingTo: &bytes, atMost: limit)
    case .shared: throw IOError(.invalid, operation: "read", detail: "HTTP/2 is read by its streams")
    }
  }

  @inline(__always)
  func write(_ bytes: ArraySlice<UInt8>) async throws {
    switch self {
    case .plain(let stream): try await stream.write(bytes)
    case .secure(let stream): try await stream.write(bytes)
    case .stream(let stream): try await stream.write(Array(bytes))
    case .shared: throw IOError(.invalid, operation: "write", detail: "HTTP/2 is written by its streams")
    }
  }

  @inline(__always)
  func write(_ bytes: [UInt8]) async throws { try await write(bytes[...]) }

  /// Writes what can be written without waiting; returns how much that was.
  @inline(__always)
  func writeAtOnce(_ bytes: [UInt8]) throws -> Int {
    switch self {
    case .plain(let stream): try stream.writeAtOnce(bytes)
    // What goes through a pipeline may always wait.
    case .secure, .stream, .shared: 0
    }
  }

  /// Sends a part of a file; as `ByteStream.sendFile`.
  func sendFile(_ file: CInt, from offset: inout Int, count: Int) async throws -> Int {
    switch self {
    case .plain(let stream): try await stream.sendFile(file, from: &offset, count: count)
    case .secure(let stream): try await stream.sendFile(file, from: &offset, count: count)
    case .stream, .shared: throw IOError(.invalid, operation: "sendfile", detail: "HTTP/2 sends pieces")
    }
  }

  func closeWriting() async throws {
    switch self {
    case .plain(let stream): try stream.closeWriting()
    case .secure(let stream): try await stream.closeWriting()
    case .stream(let stream): try await stream.write([], isLast: true) {}
    case .shared: break
    }
  }

  /// Whether the peer has ended, or something has come that nobody has read, as far as can be told without waiting.
  var hasInput: Bool {
    switch self {
    case .plain(let stream): stream.hasInput
    case .secure(let stream): stream.hasPendingInput || stream.base.hasInput
    // These are read all the time, and told of an end.
    case .stream, .shared: false
    }
  }

  /// Whether something has come that nobody has read, as far as can be told without waiting.
  var hasUnreadInput: Bool {
    switch self {
    case .plain(let stream): stream.hasUnreadInput
    case .secure(let stream): stream.hasPendingInput || stream.base.hasUnreadInput
    case .stream, .shared: false
    }
  }

  /// Whether the peer is there, as far as can be told without waiting, and whatever waits to be read.
  var peer: SocketStream.Peer {
    switch self {
    case .plain(let stream): stream.peer
    case .secure(let stream): stream.base.peer
    // They are told of an end.
    case .stream, .shared: .there
    }
  }

  /// The stream for another protocol than HTTP; nil for what is shared.
  var byteStream: (any ByteStream)? {
    switch self {
    case .plain(let stream): stream
    case .secure(let stream): stream
    case .stream, .shared: nil
    }
  }

  // MARK: Ending

  /// Closes it at once, without a farewell; whoever waits for it throws `IOError` with the code `closed`.
  func cut() {
    switch self {
    case .plain(let stream): stream.close()
    case .secure(let stream): stream.abort()
    case .stream(let stream): stream.cut()
    case .shared(let connection): connection.cut()
    }
  }

  /// Closes it, and says farewell where that is the custom.
  func close() async {
    switch self {
    case .plain(let stream): stream.close()
    case .secure(let stream): await stream.close()
    case .stream(let stream): stream.cut()
    case .shared(let connection): await connection.close()
    }
  }

  /// Closes it as `close` does, without anybody who waits for it.
  func closeInBackground() {
    switch self {
    case .plain(let stream): stream.close()
    case .secure(let stream):
      // Detached: it belongs to nobody, and the stream's own limit of time ends it.
      Task.detached(executorPreference: EventLoop.orDefault) { await stream.close() }
    case .stream(let stream): stream.cut()
    case .shared(let connection):
      Task.detached(executorPreference: EventLoop.orDefault) { await connection.close() }
    }
  }

  /// Closes it such that the peer sees an error.
  func abort() {
    switch self {
    case .plain(let stream): stream.abort()
    case .secure(let stream): stream.abort()
    case .stream(let stream): stream.reset(.internalError, throwing: IOError(.closed, operation: "write"))
    case .shared(let connection): connection.cut()
    }
  }

  // MARK: Kinds

  /// The stream of HTTP/2, if it is one.
  @inline(__always)
  var http2: HTTP2Stream? {
    if case .stream(let stream) = self { stream } else { nil }
  }
}
