// What is served through one listener, and how it ends.
//
// Each call of `serve` has its table of connections. `shutdown` may come from any task and goes over all tables; the caller of
// `serve` waits for the same ends at the same time, and returns when the listener is closed and its table empty.

import AsyncIOCoordination
import AsyncIORuntime
import Synchronization

/// The calls of `serve` that are under way.
final class Servers<Stream: ByteStream>: Sendable {
  private let tables = Mutex<[Connections<Stream>]>([])

  /// Serves until the task is cancelled, or `accept` says that its socket is closed.
  ///
  /// - Parameters:
  ///   - limit: How many connections to serve at once.
  ///   - handler: Serves one connection.
  ///   - accept: Waits for the descriptor of the next connection.
  ///   - makeStream: Makes a stream of it, registered with the loop that will serve it.
  /// - Throws: `CancellationError`; `IOError` when the socket fails.
  func serve(
    limit: Int?, _ handler: @escaping @Sendable (Stream) async throws -> Void,
    accept: () async throws -> CInt, makeStream: (Descriptor) -> Stream
  ) async throws {
    let connections = Connections<Stream>(limit: limit ?? .max)
    tables.withLock { $0.append(connections) }
    defer { tables.withLock { $0.removeAll { $0 === connections } } }
    let loops = EventLoop.orDefault.loopsOfRun
    var next = 0
    do {
      do {
        while true {
          try await connections.waitForRoom()
          let number = try await accept()
          let loop = loops[next % loops.count]
          next &+= 1
          connections.start(makeStream(try Descriptor(number, on: loop)), on: loop, handler)
        }
      } catch let error as IOError where error.code == .closed {
        try await connections.waitForEnd()
      }
    } catch {
      await connections.end()
      throw error
    }
  }

  /// Drains, cancels, aborts.
  func shutdown(grace: Duration, cleanup: Duration) async {
    let tables = tables.withLock { $0 }
    await wait(for: tables, atMost: grace)
    for table in tables { table.cancel() }
    await wait(for: tables, atMost: cleanup)
    for table in tables { table.abort() }
    for table in tables { await table.end() }
  }

  private func wait(for tables: [Connections<Stream>], atMost time: Duration) async {
    // Cancelled: there is no more time.
    _ = try? await withTimeoutOrNil(time) {
      for table in tables { try await table.waitForEnd() }
    }
  }
}
