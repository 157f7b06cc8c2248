// What is served through one listener, and how it ends.
//
// Each call of `serve` has its table of connections. `shutdown` may come from any task and goes over all tables; the caller of
// `serve` waits for the same ends at the same time, and returns when the listener is closed and its table empty.
//
// `take` adds to a table what was accepted elsewhere. The table is not given up meanwhile: its `serve` waits, before it does that,
// for the listener to be closed, which whoever calls `take` does afterwards.

import AsyncIOCoordination
import AsyncIORuntime
import Synchronization

/// The calls of `serve` that are under way.
final class Servers<Stream: ByteStream>: Sendable {
  private struct Serving {
    let connections: Connections<Stream>
    /// Starts to serve a connection that was accepted.
    let start: @Sendable (CInt) throws -> Void
  }

  private let servings = Mutex<[Serving]>([])

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
    accept: () async throws -> CInt, makeStream: @escaping @Sendable (Descriptor) -> Stream
  ) async throws {
    let connections = Connections<Stream>(limit: limit ?? .max)
    let home = EventLoop.orDefault
    let serving = Serving(connections: connections) { number in
      connections.start(makeStream(try Descriptor(number, on: home)), on: home, handler)
    }
    servings.withLock { $0.append(serving) }
    defer { servings.withLock { $0.removeAll { $0.connections === connections } } }
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

  /// Serves connections that `accept` gives, until it gives none or there are as many as may be.
  func take(_ accept: () -> CInt?) {
    for serving in servings.withLock({ $0 }) {
      while serving.connections.hasRoom, let number = accept() { try? serving.start(number) }
    }
  }

  /// Drains, cancels, aborts.
  func shutdown(grace: Duration, cleanup: Duration) async {
    let tables = servings.withLock { $0.map(\.connections) }
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
