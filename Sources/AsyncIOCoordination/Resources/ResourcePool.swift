// A pool: it decides under its lock (ResourcePoolState.swift), and acts after it.
//
// Creations and destructions are tasks of their own, owned by the runtime. What a creation brings goes to whoever waits longest,
// and so does its failure; then the next is begun, if somebody waits. They start eagerly and give way at once: so they are never
// cancelled before they have begun, which would lose their place, and run on nobody else's stack.
//
// Cancelled before it waits: a resource that is idle is taken, otherwise the call throws. While it waits: it leaves the
// line and throws; a creation that was begun for it goes on, and what it brings is for others. At the instant of the hand-over or
// of the timeout: the exchange of its waiter decides. After the hand-over and before it has run: it gives the resource back and
// throws. While a resource is checked: it is destroyed, as nobody knows its state, and the call throws. From other threads: the
// same. Closed while it waits: it throws. The loop shutting down: those who wait are cancelled with their tasks, and creations and
// destructions are awaited.

import AsyncIORuntime
import Synchronization

/// Lends a limited number of resources that are costly to make, such as connections (asyncpg's `Pool`, bb8, HikariCP).
///
/// ```swift
/// let pool = ResourcePool(
///   ResourcePoolConfiguration(maximumSize: 10),
///   create: { try await Connection(to: server) }, destroy: { try await $0.close() })
/// let names = try await pool.withResource { connection in try await connection.query("SELECT name FROM users") }
/// try await pool.close()
/// ```
///
/// Resources are created when they are needed, and kept for those who come next. Tasks are served in the order in which they
/// came: a resource that comes back is handed to the first that waits. It may be used from any thread, and follows virtual time
/// in tests.
public final class ResourcePool<Resource: Sendable>: Sendable {
  typealias Entry = ResourcePoolEntry<Resource>
  typealias Effects = ResourcePoolEffects<Resource>

  /// What the pool was made with.
  public let configuration: ResourcePoolConfiguration
  let state: Mutex<ResourcePoolState<Resource>>
  let create: @Sendable () async throws -> Resource
  let destroy: @Sendable (Resource) async throws -> Void
  private let isUsable: (@Sendable (Resource) async throws -> Bool)?
  private let isBroken: @Sendable (Resource) -> Bool
  let creationPermits: AsyncSemaphore
  let timer = Mutex<(due: Int64, callback: ScheduledCallback)?>(nil)

  /// Makes a pool; nothing is created before it is needed, or before `open`.
  ///
  /// - Parameters:
  ///   - configuration: Limits and times.
  ///   - create: Makes a resource. Its error goes to the task that waits longest.
  ///   - destroy: Ends one that is broken, idle for too long or too old. Its error is reported as unhandled.
  ///   - isUsable: Whether one can be handed out that was idle for `checkAfterIdle`; one that cannot, or for which this throws, is
  ///     destroyed, and another one is handed out. Nil for no check.
  ///   - isBroken: Whether one that comes back is to be destroyed. It must be short.
  public init(
    _ configuration: ResourcePoolConfiguration = ResourcePoolConfiguration(),
    create: @escaping @Sendable () async throws -> Resource,
    destroy: @escaping @Sendable (Resource) async throws -> Void,
    isUsable: (@Sendable (Resource) async throws -> Bool)? = nil,
    isBroken: @escaping @Sendable (Resource) -> Bool = { _ in false }
  ) {
    configuration.check()
    self.configuration = configuration
    self.create = create
    self.destroy = destroy
    self.isUsable = isUsable
    self.isBroken = isBroken
    creationPermits = AsyncSemaphore(configuration.maximumCreations)
    state = Mutex(ResourcePoolState(configuration))
  }

  deinit {
    // Whoever uses or creates a resource holds the pool: only idle ones are left.
    removeTimer()
    for entry in state.withLock({ $0.idle }) { Self.end(entry.resource, with: destroy) {} }
  }

  // MARK: Lending

  /// Calls `body` with a resource, which goes back to the pool afterwards.
  ///
  /// - Parameter body: Runs on the caller's actor. It must not keep the resource.
  /// - Returns: What `body` returns.
  /// - Throws: As `acquire`; what `body` throws.
  ///
  /// ## Cancellation
  /// While it waits for a resource, `body` is not called. Afterwards it is up to `body`; the resource goes back in any case.
  public func withResource<Result>(_ body: (Resource) async throws -> Result) async throws -> Result {
    let entry = try await acquireEntry()
    defer { takeBack(entry, isBroken: false) }
    return try await body(entry.resource)
  }

  /// Takes a resource out, when one is there and everybody who came before has had theirs.
  ///
  /// - Returns: The resource, which goes back when it is released or goes away.
  /// - Throws: `ResourcePoolError` when `acquireTimeout` is over or the pool is closed; what `create` throws, if this task has waited
  ///   longest; `CancellationError` when the task is cancelled while it waits.
  /// - Complexity: O(1); with `Reuse.fifo`, O(n) in idle resources.
  ///
  /// ## Cancellation
  /// Ends the wait, without a resource; the call may be repeated. A call that need not wait does not look for it.
  public func acquire() async throws -> PooledResource<Resource> {
    PooledResource(try await acquireEntry(), of: self)
  }

  private func acquireEntry() async throws -> Entry {
    let start = LoopClock.now
    var comesBack = false
    while true {
      let taken = decide { $0.take(at: $1, &$2) }
      let entry = if let taken { taken } else { try await waitForEntry(since: start, isFirst: comesBack) }
      if try await canBeUsed(entry, since: start) { return entry }
      // What it was given was of no use: it keeps its place.
      comesBack = true
    }
  }

  private enum Found {
    case entry(Entry)
    case nothing
    case closed
  }

  private func waitForEntry(since start: LoopClock.Instant, isFirst: Bool) async throws -> Entry {
    let claim = ResourcePoolState<Resource>.Claim(nil)
    let found: Found = decide { state, now, effects in
      if state.isClosed { return .closed }
      if let entry = state.take(at: now, &effects) { return .entry(entry) }
      state.wait(claim, isFirst: isFirst, at: now, &effects)
      return .nothing
    }
    switch found {
    case .entry(let entry): return entry
    case .closed: throw error(.closed)
    case .nothing: break
    }
    let timer = configuration.acquireTimeout.map { timeout in
      EventLoop.orDefault.callAt(start.advanced(by: timeout)) { claim.finish(.closed) }
    }
    let outcome = await claim.wait(for: "a resource of a pool")
    timer?.cancel()
    if outcome == .woken { return try received(claim) }
    decide { state, _, _ in state.leave(claim, isLate: outcome == .closed) }
    throw outcome == .closed ? error(.timedOut) : CancellationError()
  }

  /// What a waiter was given that was woken.
  private func received(_ claim: ResourcePoolState<Resource>.Claim) throws -> Entry {
    switch claim.payload {
    case .resource(let entry):
      guard claim.wasCancelledLate else { return entry }
      takeBack(entry, isBroken: false)
      throw CancellationError()
    case .failure(let error): throw error
    case .closed, nil: throw error(.closed)
    }
  }

  /// Whether a resource that was taken out can be used; if not, it is destroyed.
  private func canBeUsed(_ entry: Entry, since start: LoopClock.Instant) async throws -> Bool {
    guard let isUsable, let idleSince = entry.idleSince else { return true }
    let idleTime = Duration.nanoseconds(LoopClock.now.nanoseconds - idleSince)
    guard idleTime >= configuration.checkAfterIdle else { return true }
    do {
      if try await check(entry.resource, isUsable, since: start) { return true }
      takeBack(entry, isBroken: true)
      return false
    } catch {
      takeBack(entry, isBroken: true)
      try Task.checkCancellation()
      guard let timeout = configuration.acquireTimeout, start.duration(to: .now) >= timeout else {
        return false
      }
      decide { state, _, _ in state.noteTimeout() }
      throw self.error(.timedOut)
    }
  }

  private func check(
    _ resource: Resource, _ isUsable: @Sendable (Resource) async throws -> Bool,
    since start: LoopClock.Instant
  ) async throws -> Bool {
    guard let timeout = configuration.acquireTimeout else { return try await isUsable(resource) }
    return try await withDeadline(start.advanced(by: timeout)) { try await isUsable(resource) }
  }

  /// Takes back what was lent.
  func takeBack(_ entry: Entry, isBroken isKnownBroken: Bool) {
    let isBroken = isKnownBroken || isBroken(entry.resource)
    decide { $0.takeBack(entry, isBroken: isBroken, at: $1, &$2) }
  }

  func error(_ code: ResourcePoolError.Code) -> ResourcePoolError {
    state.withLock { ResourcePoolError(code: code, statistics: $0.statistics, cause: $0.lastFailure) }
  }

  /// The state of this moment.
  ///
  /// - Complexity: O(1).
  public var statistics: ResourcePoolStatistics { state.withLock { $0.statistics } }
}
