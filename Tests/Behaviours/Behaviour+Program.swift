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
    for _ in 0..<10_000 where !TaskRegistry.shared.all.isEmpty { await giveWay() }
    return TaskRegistry.shared.all
  }
}
