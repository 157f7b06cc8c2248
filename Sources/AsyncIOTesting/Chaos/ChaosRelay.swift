// Connections through a bad network: between any two streams, between two ends in memory, and for a TCP server.

internal import AsyncIOCoordination
public import AsyncIONetwork
internal import AsyncIORuntime

/// Passes bytes on between two streams, badly, until both directions have ended, and closes both streams.
///
/// ```swift
/// try await relay(between: client, and: server, forth: [.latency(.milliseconds(80), jitter: .milliseconds(20))])
/// ```
///
/// - Parameters:
///   - one: Nobody else may use it.
///   - other: Nobody else may use it.
///   - forth: What happens to bytes from `one` to `other`.
///   - back: What happens to bytes from `other` to `one`.
///   - seed: The same seed gives the same sizes and jitter.
/// - Throws: `IOError` when one of the streams fails; `CancellationError`.
///
/// ## Cancellation
/// Both streams are aborted.
public func relay<One: ByteStream, Other: ByteStream>(
  between one: One, and other: Other, forth: [Chaos] = [], back: [Chaos] = [], seed: UInt64 = 0
) async throws {
  do {
    try await withTaskScope { scope in
      let end: @Sendable (Bool) async -> Void = { isReset in
        if isReset {
          one.abort()
          other.abort()
        } else {
          await one.close()
          await other.close()
        }
      }
      let there = ChaosFlow(source: one, sink: other, chaos: forth, seed: seed)
      let back = ChaosFlow(source: other, sink: one, chaos: back, seed: ~seed)
      scope.createTask {
        let ending = try await there.run()
        if ending != .passed { await end(ending == .reset) }
      }
      scope.createTask {
        let ending = try await back.run()
        if ending != .passed { await end(ending == .reset) }
      }
    }
    await one.close()
    await other.close()
  } catch {
    // Of a stream that was cut nothing else can be expected.
    let isCut = one.isClosed && other.isClosed && !Task.isCancelled
    one.abort()
    other.abort()
    if !isCut { throw error }
  }
}

/// Runs `body` with two ends in memory that have a bad network between them.
///
/// ```swift
/// try await withChaoticPair(forth: [.slicing(size: 3)], back: [.reset(afterBytes: 100)]) { client, server in … }
/// ```
///
/// - Parameters:
///   - forth: What happens to bytes from the first end to the second.
///   - back: What happens to bytes from the second end to the first.
///   - capacity: How many bytes each of the four hops holds.
///   - seed: The same seed gives the same sizes and jitter.
///   - body: Uses the two ends.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws.
///
/// ## Cancellation
/// Cancels the body; the network goes when it has ended.
public func withChaoticPair<Result>(
  forth: [Chaos] = [], back: [Chaos] = [], capacity: Int = 65_536, seed: UInt64 = 0,
  _ body: (MemoryStream, MemoryStream) async throws -> Result
) async throws -> Result {
  let (one, near) = MemoryStream.pair(capacity: capacity)
  let (far, other) = MemoryStream.pair(capacity: capacity)
  let network = createTask {
    // What the network fails of, its two ends see.
    try? await relay(between: near, and: far, forth: forth, back: back, seed: seed)
  }
  defer { network.cancel() }
  return try await body(one, other)
}

/// A proxy for a TCP server whose clients are to see a bad network (as toxiproxy).
///
/// ```swift
/// let proxy = try ChaosProxy(to: server.localAddress, downstream: [.bandwidth(bytesPerSecond: 10_000)])
/// let serving = createTask { try await proxy.run() }
/// let client = try await TCPStream.connect(to: proxy.localAddress)
/// ```
public final class ChaosProxy: Sendable {
  private let listener: TCPListener
  private let target: SocketAddress
  private let upstream: [Chaos]
  private let downstream: [Chaos]
  private let seed: UInt64

  /// Listens on a port of its own for connections to pass on.
  ///
  /// - Parameters:
  ///   - target: Where the server is.
  ///   - upstream: What happens to bytes from a client to the server.
  ///   - downstream: What happens to bytes from the server to a client.
  ///   - seed: The same seed gives the same sizes and jitter.
  /// - Throws: `IOError` when the system has no port left.
  public init(
    to target: SocketAddress, upstream: [Chaos] = [], downstream: [Chaos] = [], seed: UInt64 = 0
  ) throws {
    listener = try TCPListener(port: 0)
    self.target = target
    self.upstream = upstream
    self.downstream = downstream
    self.seed = seed
  }

  /// Where clients connect to.
  public var localAddress: SocketAddress { listener.localAddress }

  /// Passes connections on until the task is cancelled or the proxy closed.
  ///
  /// - Throws: `CancellationError`; `IOError` when the listening socket fails.
  ///
  /// ## Cancellation
  /// Aborts all connections.
  public func run() async throws {
    try await listener.serve { [self] client in
      let server = try await TCPStream.connect(to: target)
      try await relay(between: client, and: server, forth: upstream, back: downstream, seed: seed)
    }
  }

  /// Takes no more connections; those that there are go on.
  public func close() { listener.close() }
}
