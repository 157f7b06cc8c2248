package import AsyncIORuntime

extension Behaviour {
  /// Runs all behaviours, one after the other, in a program that has nothing else to do.
  ///
  /// - Returns: What does not hold, a line for each.
  package static func runAll() async -> [String] {
    var failures: [String] = []
    for behaviour in all {
      do {
        try await behaviour.run()
        for record in await remainingTasks() { failures.append("\(behaviour): \(record) is left") }
      } catch {
        failures.append("\(behaviour): \(error)")
      }
    }
    return failures
  }

  /// The tasks that have not ended though nobody waits for them any more.
  ///
  /// Who waits for a task is woken a moment before the task has left the registry.
  package static func remainingTasks() async -> [TaskRecord] {
    await giveWayUntil { TaskRegistry.shared.all.isEmpty }
    return TaskRegistry.shared.all
  }

  /// Gives way until `isOver` says so, which may depend on other threads: for ten seconds at most.
  package static func giveWayUntil(_ isOver: () -> Bool) async {
    let end = ContinuousClock.now + .seconds(10)
    while !isOver(), .now < end { await giveWay() }
  }
}
