/// A hundred tasks that each give way ten thousand times.
func yieldTurns() async {
  let tasks = 100
  let rounds = 10_000
  let start = ContinuousClock.now
  await withTaskGroup(of: Void.self) { group in
    for _ in 0..<tasks {
      group.addTask { for _ in 0..<rounds { await Task.yield() } }
    }
  }
  report(.yield, count: tasks * rounds, since: start)
}
