// What a pool knows and decides, under its lock; what is to be done about it goes into `ResourcePoolEffects`, and is done after.
//
// A resource is at each moment in one place: in `idle`, in somebody's hands (`inUse`), or on its way to its end (`destroying`);
// one that is being created has a number in `creations`. Their sum never exceeds the maximum. While somebody waits nothing is
// idle, so that nobody overtakes the queue.
//
// `dueTime` is never later than the moment at which the first idle resource is to go: so there is nothing to look through before.

import AsyncIORuntime

/// A resource with what the pool knows of it.
struct ResourcePoolEntry<Resource: Sendable>: Sendable {
  let resource: Resource
  /// When it is too old, in nanoseconds of the loop's clock.
  let expiry: Int64
  /// Since when nobody uses it; nil if nobody ever has.
  var idleSince: Int64?
}

/// What somebody who waits is given.
enum ResourcePoolOffer<Resource: Sendable>: Sendable {
  case resource(ResourcePoolEntry<Resource>)
  case failure(any Error)
  case closed
}

/// What is to be done when the lock has been released.
struct ResourcePoolEffects<Resource: Sendable> {
  var wakeUps = WakeUps()
  var destructions: [ResourcePoolEntry<Resource>] = []
  var creations: [UInt64] = []
  var cancellations: [TaskHandle<Void>] = []
  /// When a timer is to fire, if one is to be set.
  var timer: Int64?
}

struct ResourcePoolState<Resource: Sendable>: ~Copyable {
  typealias Entry = ResourcePoolEntry<Resource>
  typealias Effects = ResourcePoolEffects<Resource>
  typealias Claim = QueuedWaiter<ResourcePoolOffer<Resource>?>

  let configuration: ResourcePoolConfiguration
  /// The one that is idle longest comes first.
  private(set) var idle: [Entry] = []
  private(set) var waiters = WaitQueue<ResourcePoolOffer<Resource>?>()
  private var closers = WaitQueue<Void>()
  private var inUse = 0
  private var destroying = 0
  /// The creations under way; each with its task, once that is known.
  private var creations: [UInt64: TaskHandle<Void>?] = [:]
  private var lastCreation: UInt64 = 0
  private var dueTime: Int64?
  /// Before this time none is created that nobody waits for: the last has failed.
  private var replenishTime = Int64.min
  private(set) var isClosed = false
  private(set) var lastFailure: (any Error)?
  private var created = 0
  private var destroyed = 0
  private var failedCreations = 0
  private var timeouts = 0

  /// How long nothing is created for nobody after a failure.
  private static var pause: Int64 { 1_000_000_000 }

  init(_ configuration: ResourcePoolConfiguration) { self.configuration = configuration }

  private var size: Int { idle.count + inUse + creations.count + destroying }

  // MARK: Taking and giving

  /// Takes an idle resource, if nobody waits for one.
  mutating func take(at now: Int64, _ effects: inout Effects) -> Entry? {
    if let dueTime, dueTime <= now { sweep(at: now, &effects) }
    guard !idle.isEmpty, waiters.isEmpty else { return nil }
    inUse += 1
    let entry = configuration.reuse == .lifo ? idle.removeLast() : idle.removeFirst()
    balance(at: now, &effects)
    return entry
  }

  /// Puts somebody in line; ahead of all others who was there before and got nothing of use.
  mutating func wait(_ claim: Claim, isFirst: Bool, at now: Int64, _ effects: inout Effects) {
    if isFirst { waiters.prepend(claim) } else { waiters.append(claim) }
    balance(at: now, &effects)
  }

  /// Takes somebody out of the line who waits no longer.
  mutating func leave(_ claim: Claim, isLate: Bool) {
    waiters.remove(claim)
    if isLate { noteTimeout() }
  }

  mutating func noteTimeout() { timeouts += 1 }

  /// Takes back what somebody has used.
  mutating func takeBack(_ entry: Entry, isBroken: Bool, at now: Int64, _ effects: inout Effects) {
    inUse -= 1
    var entry = entry
    entry.idleSince = now
    if isBroken { destroy(entry, &effects) } else { offer(entry, at: now, &effects) }
    balance(at: now, &effects)
  }

  /// Gives a resource that nobody has to the first who waits, or keeps it.
  private mutating func offer(_ entry: Entry, at now: Int64, _ effects: inout Effects) {
    if isClosed || entry.expiry <= now { return destroy(entry, &effects) }
    inUse += 1
    if tell(.resource(entry), &effects) { return }
    inUse -= 1
    var entry = entry
    entry.idleSince = entry.idleSince ?? now
    idle.append(entry)
    var due = entry.expiry
    if idle.count > configuration.minimumIdle { due = min(due, idleLimit(of: idle[0])) }
    setTimer(due, &effects)
  }

  /// Wakes the first who waits; false if nobody does.
  private mutating func tell(_ offer: ResourcePoolOffer<Resource>, _ effects: inout Effects) -> Bool {
    while let claim = waiters.first {
      claim.payload = offer
      if waiters.wake(claim, into: &effects.wakeUps) { return true }
    }
    return false
  }

  // MARK: Creating and destroying

  /// Begins as many creations as are needed and allowed.
  mutating func balance(at now: Int64, _ effects: inout Effects) {
    while !isClosed, creations.count < wanted(at: now), size < configuration.maximumSize {
      lastCreation += 1
      creations.updateValue(nil, forKey: lastCreation)
      effects.creations.append(lastCreation)
    }
  }

  private func wanted(at now: Int64) -> Int {
    let missing = now < replenishTime ? 0 : max(0, configuration.minimumIdle - idle.count)
    return waiters.count + missing
  }

  /// Notes the task of a creation; false if it is to be cancelled.
  mutating func note(_ task: TaskHandle<Void>, ofCreation number: UInt64) -> Bool {
    if creations.keys.contains(number) { creations.updateValue(task, forKey: number) }
    return !isClosed
  }

  /// Whether a creation that could begin now is needed still; if not, it is forgotten.
  mutating func beginCreation(_ number: UInt64, at now: Int64, _ effects: inout Effects) -> Bool {
    if !isClosed, creations.count <= wanted(at: now) { return true }
    creations.removeValue(forKey: number)
    wakeClosers(&effects)
    return false
  }

  mutating func endCreation(
    _ number: UInt64, _ result: Result<Entry, any Error>, at now: Int64, _ effects: inout Effects
  ) {
    creations.removeValue(forKey: number)
    switch result {
    case .success(let entry):
      created += 1
      lastFailure = nil
      offer(entry, at: now, &effects)
    case .failure where isClosed: break
    case .failure(let error):
      failedCreations += 1
      lastFailure = error
      if !tell(.failure(error), &effects), configuration.minimumIdle > 0 {
        replenishTime = now + Self.pause
        setTimer(replenishTime, &effects)
      }
    }
    balance(at: now, &effects)
    wakeClosers(&effects)
  }

  private mutating func destroy(_ entry: Entry, _ effects: inout Effects) {
    destroying += 1
    effects.destructions.append(entry)
  }

  mutating func endDestruction(at now: Int64, _ effects: inout Effects) {
    destroying -= 1
    destroyed += 1
    balance(at: now, &effects)
    wakeClosers(&effects)
  }

  // MARK: Time

  private func idleLimit(of entry: Entry) -> Int64 {
    guard let timeout = configuration.idleTimeout, let since = entry.idleSince else { return .max }
    let (limit, overflow) = since.addingReportingOverflow(timeout.wholeNanoseconds)
    return overflow ? .max : limit
  }

  /// Destroys what was idle for too long or is too old, and looks when there is something to do again.
  mutating func sweep(at now: Int64, _ effects: inout Effects) {
    dueTime = nil
    var surplus = idle.count - configuration.minimumIdle
    var kept: [Entry] = []
    var due = Int64.max
    for entry in idle {
      if entry.expiry <= now || surplus > 0 && idleLimit(of: entry) <= now {
        surplus -= 1
        destroy(entry, &effects)
      } else {
        kept.append(entry)
        due = min(due, entry.expiry)
      }
    }
    idle = kept
    if surplus > 0, let first = idle.first { due = min(due, idleLimit(of: first)) }
    if now < replenishTime { due = min(due, replenishTime) }
    setTimer(due, &effects)
    balance(at: now, &effects)
  }

  private mutating func setTimer(_ due: Int64, _ effects: inout Effects) {
    guard due < .max, due < dueTime ?? .max, !isClosed else { return }
    dueTime = due
    effects.timer = due
  }

  // MARK: Closing

  /// Gives nothing more, and destroys what is idle.
  mutating func close(_ effects: inout Effects) {
    guard !isClosed else { return }
    isClosed = true
    dueTime = nil
    while tell(.closed, &effects) {}
    for entry in idle { destroy(entry, &effects) }
    idle = []
    effects.cancellations = creations.values.compactMap { $0 }
  }

  /// Puts somebody in line for the end; false if it has come.
  mutating func waitForEnd(_ waiter: QueuedWaiter<Void>) -> Bool {
    guard size > 0 else { return false }
    closers.append(waiter)
    return true
  }

  mutating func leaveEnd(_ waiter: QueuedWaiter<Void>) { closers.remove(waiter) }

  private mutating func wakeClosers(_ effects: inout Effects) {
    if isClosed, size == 0 { closers.wakeAll(into: &effects.wakeUps) }
  }

  var statistics: ResourcePoolStatistics {
    ResourcePoolStatistics(
      maximumSize: configuration.maximumSize, idle: idle.count, inUse: inUse, creating: creations.count,
      destroying: destroying, waiting: waiters.count, created: created, destroyed: destroyed,
      failedCreations: failedCreations, timeouts: timeouts)
  }
}
