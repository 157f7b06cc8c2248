import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Synchronization
import Testing

/// Makes numbered things for a pool, and sees to it that each is destroyed once.
final class Workshop: Sendable {
  private struct Books {
    var made = 0
    var alive: Set<Int> = []
    var broken: Set<Int> = []
    var peak = 0
    var failures = 0
  }

  private let books = Mutex(Books())
  /// Those that are being made at the same time.
  let making = Gauge()
  let destroyed = Journal<Int>()
  let checked = Journal<Int>()
  private let makingTime: Duration

  init(makingTime: Duration = .zero) { self.makingTime = makingTime }

  /// How many there are.
  var alive: Int { books.withLock { $0.alive.count } }
  /// How many there were at once, at most.
  var peak: Int { books.withLock { $0.peak } }
  /// How many were made.
  var made: Int { books.withLock { $0.made } }

  /// Lets the next so many creations fail.
  func fail(_ count: Int) { books.withLock { $0.failures = count } }

  /// Breaks a thing.
  func breakDown(_ thing: Int) { books.withLock { _ = $0.broken.insert(thing) } }

  func make() async throws -> Int {
    try await making.inside { if makingTime > .zero { try await sleep(for: makingTime) } }
    let thing: Int? = books.withLock { books in
      if books.failures > 0 {
        books.failures -= 1
        return nil
      }
      books.made += 1
      books.alive.insert(books.made)
      books.peak = max(books.peak, books.alive.count)
      return books.made
    }
    guard let thing else { throw TestFailure(0) }
    return thing
  }

  func destroy(_ thing: Int) {
    let wasAlive = books.withLock { $0.alive.remove(thing) != nil }
    #expect(wasAlive, "\(thing) was destroyed twice, or never made")
    destroyed.note(thing)
  }

  func isUsable(_ thing: Int) -> Bool {
    checked.note(thing)
    return books.withLock { !$0.broken.contains(thing) }
  }

  func pool(_ configuration: ResourcePoolConfiguration, checks: Bool = false) -> ResourcePool<Int> {
    ResourcePool(
      configuration, create: { try await self.make() }, destroy: { self.destroy($0) },
      isUsable: { !checks || self.isUsable($0) })
  }

  func pool(_ maximumSize: Int, minimumIdle: Int = 0) -> ResourcePool<Int> {
    pool(ResourcePoolConfiguration(maximumSize: maximumSize, minimumIdle: minimumIdle))
  }
}
