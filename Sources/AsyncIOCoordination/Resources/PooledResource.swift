/// A resource that was taken out of a `ResourcePool`, to be given back.
///
/// It goes back to the pool when it goes away, at the latest; it cannot be copied, so that nobody uses it afterwards.
///
/// ```swift
/// let pooled = try await pool.acquire()
/// guard try await pooled.resource.isUpToDate() else { return pooled.discard() }
/// try await pooled.resource.send(message)
/// pooled.release()
/// ```
public struct PooledResource<Resource: Sendable>: ~Copyable, Sendable {
  private let pool: ResourcePool<Resource>
  private let entry: ResourcePoolEntry<Resource>
  private var isBroken = false

  init(_ entry: ResourcePoolEntry<Resource>, of pool: ResourcePool<Resource>) {
    self.entry = entry
    self.pool = pool
  }

  deinit { pool.takeBack(entry, isBroken: isBroken) }

  /// What was taken out; not to be used after it was given back.
  public var resource: Resource { entry.resource }

  /// Gives it back, to the first who waits for one.
  public consuming func release() {}

  /// Gives it back as one that is broken: it is destroyed, and another one may be created in its place.
  public consuming func discard() { isBroken = true }
}
