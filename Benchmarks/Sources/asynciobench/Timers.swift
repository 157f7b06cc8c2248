/// A hundred thousand timers set and cancelled, ten times over.
///
/// Swift has no handle for a timer: a task that sleeps, cancelled, is what a user writes.
func cancelTimers() async {
  let rounds = 10
  let count = 100_000
  let start = ContinuousClock.now
  for _ in 0..<rounds {
    let sleepers = (0..<count).map { index in
      Task { try? await Task.sleep(for: .seconds(10) + .microseconds(10 * index)) }
    }
    for sleeper in sleepers { sleeper.cancel() }
    for sleeper in sleepers { await sleeper.value }
  }
  report(.timers, count: rounds * count, since: start)
}
