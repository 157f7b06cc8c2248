// What a pool does about what it has decided: tasks that create and destroy, and the timer.

import AsyncIORuntime
import Synchronization

extension ResourcePool {
  /// Lets the state decide something, with the time of now, and does what that asks for.
  @discardableResult
  func decide<Decision: Sendable>(
    _ body: (inout ResourcePoolState<Resource>, Int64, inout Effects) -> Decision
  ) -> Decision {
    let now = LoopClock.now.nanoseconds
    let (decision, effects) = state.withLock { state in
      var effects = Effects()
      let decision = body(&state, now, &effects)
      return (decision, effects)
    }
    perform(effects)
    return decision
  }

  private func perform(_ effects: Effects) {
    effects.wakeUps.resume()
    for entry in effects.destructions {
      Self.end(entry.resource, with: destroy) { self.decide { $0.endDestruction(at: $1, &$2) } }
    }
    for number in effects.creations { begin(number) }
    for task in effects.cancellations { task.cancel() }
    if let due = effects.timer { setTimer(due) }
  }

  static func end(
    _ resource: Resource, with destroy: @escaping @Sendable (Resource) async throws -> Void,
    _ whenDone: @escaping @Sendable () -> Void
  ) {
    createTask(name: "end of a pooled resource", eagerStart: true) {
      await giveWay()
      do { try await destroy(resource) } catch {
        EventLoop.reportUnhandled(error, source: "the end of a pooled resource")
      }
      whenDone()
    }
  }

  private func begin(_ number: UInt64) {
    let task = createTask(name: "creation of a pooled resource", eagerStart: true) {
      await giveWay()
      await self.runCreation(number)
    }
    if !state.withLock({ $0.note(task, ofCreation: number) }) { task.cancel() }
  }

  private func runCreation(_ number: UInt64) async {
    do {
      try await creationPermits.withPermit {
        guard decide({ $0.beginCreation(number, at: $1, &$2) }) else { return }
        let resource = try await create()
        let entry = Entry(resource: resource, expiry: nextExpiry(), idleSince: nil)
        decide { $0.endCreation(number, .success(entry), at: $1, &$2) }
      }
    } catch {
      decide { $0.endCreation(number, .failure(error), at: $1, &$2) }
    }
  }

  /// When a resource that is made now is too old.
  private func nextExpiry() -> Int64 {
    guard let age = configuration.maximumAge else { return .max }
    var randomness = LoopRandomness()
    let part = 1 - configuration.ageJitter * Double.random(in: 0...1, using: &randomness)
    return LoopClock.now.advanced(by: age * part).nanoseconds
  }

  private func setTimer(_ due: Int64) {
    let callback = EventLoop.orDefault.callAt(LoopClock.Instant(nanoseconds: due)) { [weak self] in
      self?.decide { $0.sweep(at: $1, &$2) }
    }
    let now = LoopClock.now.nanoseconds
    let superfluous: ScheduledCallback? = timer.withLock { timer in
      // Another thread has set one for an earlier time meanwhile: when that has fired, this one is set again.
      if let timer, timer.due > now, timer.due < due { return callback }
      let former = timer?.callback
      timer = (due, callback)
      return former
    }
    superfluous?.cancel()
  }

  func removeTimer() {
    let former = timer.withLock { $0.take() }
    former?.callback.cancel()
  }
}
