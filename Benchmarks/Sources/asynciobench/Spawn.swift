/// A million trivial tasks, joined in batches of a thousand.
func spawnTasks() async {
  let count = sized(1_000_000)
  let batch = 1_000
  var total = 0
  let start = ContinuousClock.now
  for _ in 0..<count / batch {
    total += await withTaskGroup(of: Int.self) { group in
      for index in 0..<batch { group.addTask { index } }
      return await group.reduce(0, +)
    }
  }
  report(.spawn, count: count, since: start)
  precondition(total == count / batch * (batch * (batch - 1) / 2), "spawn lost a result.")
}
