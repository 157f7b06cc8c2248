// What a pool decides under its mutex; see the head of ThreadPool.swift for why no job is left lying.

import AsyncIORuntime

extension ThreadPool {
  /// A job, and the loop that it came from.
  struct Item: Sendable {
    let job: UnownedJob
    let origin: EventLoop?
  }

  /// Who must be sent to look into the queue, when the mutex has been given up.
  enum Sending: Sendable {
    case nobody
    case idleThread(Parker)
    case newThread
  }

  /// What a thread does next.
  enum Step: Sendable {
    /// Sends another one, then runs the job.
    case run(Item, Sending)
    /// Sleeps until it is woken, as the one that is on its way then.
    case park
    /// Sends another one, then ends.
    case end(Sending)
  }

  /// What is guarded by the pool's mutex.
  struct State {
    var statistics: Statistics
    private var queue: [Item] = []
    private var head = 0
    private var idle: [Parker] = []
    /// Whether a thread was woken or started and has not looked into the queue yet.
    private var isOneComing = false

    init(maximum: Int) {
      statistics = Statistics(maximum: maximum, threads: 0, idle: 0, queued: 0, begun: 0)
    }

    mutating func add(_ item: Item) -> Sending {
      queue.append(item)
      statistics.queued += 1
      return sendOne()
    }

    /// Sends a thread if jobs are queued and none is on its way.
    mutating func sendOne() -> Sending {
      guard statistics.queued > 0, !isOneComing else { return .nobody }
      if let parker = idle.popLast() {
        statistics.idle -= 1
        isOneComing = true
        return .idleThread(parker)
      }
      guard statistics.threads < statistics.maximum else { return .nobody }
      statistics.threads += 1
      isOneComing = true
      return .newThread
    }

    /// What a thread does that has nothing to do; `wasComing` if it was the one on its way.
    mutating func next(_ parker: Parker, wasComing: Bool) -> Step {
      if wasComing { isOneComing = false }
      guard statistics.threads <= statistics.maximum else {
        statistics.threads -= 1
        return .end(sendOne())
      }
      if statistics.queued > 0 {
        let item = takeFirst()
        return .run(item, sendOne())
      }
      idle.append(parker)
      statistics.idle += 1
      return .park
    }

    /// Takes a thread off that has been idle for too long; false if somebody has woken it.
    mutating func retire(_ parker: Parker) -> Bool {
      guard let index = idle.firstIndex(where: { $0 === parker }) else { return false }
      idle.remove(at: index)
      statistics.idle -= 1
      statistics.threads -= 1
      return true
    }

    /// Takes back a thread that could not be started; returns the jobs that no other thread is there to run.
    mutating func withdrawThread() -> ArraySlice<Item> {
      statistics.threads -= 1
      isOneComing = false
      guard statistics.threads == 0 else { return [] }
      defer { clear() }
      return queue[head...]
    }

    private mutating func takeFirst() -> Item {
      let item = queue[head]
      head += 1
      statistics.queued -= 1
      statistics.begun += 1
      if statistics.queued == 0 { clear() }
      return item
    }

    private mutating func clear() {
      queue.removeAll(keepingCapacity: queue.count <= 1024)
      head = 0
      statistics.queued = 0
    }
  }
}
