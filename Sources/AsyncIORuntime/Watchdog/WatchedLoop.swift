// What the watchdog knows of one loop; touched on the watchdog's thread only.

internal import CAsyncIO
import Synchronization

/// A loop that is looked at.
final class WatchedLoop: @unchecked Sendable {
  // Sendable: belongs to the watchdog's thread, except for `loop`, which is constant.

  /// What the loop was doing when it was looked at last.
  private enum State {
    /// Nothing, or something else than before.
    case moving
    /// The same item since that time; it is reported when it has held the loop for `limit` nanoseconds. Of those do not count
    /// the ones in which others had the cores, by the thread's count, which was `starved` then.
    case holding(item: UInt, since: Int64, starved: Int64, limit: Int64)
  }

  let loop: EventLoop
  /// How many nanoseconds to wait between two looks.
  let interval: Int64
  private let group: LoopGroup?
  private let threshold: Int64
  private var state = State.moving
  private let reporter: Reporter

  init(_ loop: EventLoop, of group: LoopGroup?, _ watchdog: Watchdog) {
    self.loop = loop
    self.group = group
    threshold = watchdog.threshold.wholeNanoseconds
    reporter = Reporter(watchdog)
    interval = min(max(threshold / 4, 250_000), 50_000_000)
  }

  /// Forgets what was seen before.
  func beginAnew(at now: Int64) { state = .moving }

  /// Looks at the loop, and reports it if it is stuck.
  func look(at now: Int64) {
    guard let item = loop.progress.item else {
      state = .moving
      return
    }
    let starved = casyncio_starved(loop.thread.load(ordering: .relaxed))
    guard case .holding(item, let since, let formerlyStarved, let limit) = state else {
      state = .holding(item: item, since: now, starved: starved, limit: threshold)
      return
    }
    let held = now - since - (starved - formerlyStarved)
    guard held >= limit else {
      // What becomes ready for a loop that was found to be stuck.
      if limit > threshold { group?.rescueInbox(of: loop) }
      return
    }
    state = .holding(
      item: item, since: since, starved: formerlyStarved,
      limit: limit.multipliedReportingOverflow(by: 10).partialValue)
    report(item, heldFor: held)
  }

  private func report(_ item: UInt, heldFor nanoseconds: Int64) {
    var sample = casyncio_sample()
    let isTaken = unsafe withUnsafePointer(to: loop.progress.word) { word in
      unsafe casyncio_take_sample(loop.thread.load(ordering: .relaxed), word, item, &sample)
    }
    if isTaken ? sample.is_stale : loop.progress.item != item { return }
    let task = isTaken ? name(of: sample.task) : "some task"
    group?.rescue(loop, queue: isTaken && sample.took_queue)
    var addresses: [UInt] = []
    if isTaken {
      addresses = unsafe withUnsafeBytes(of: &sample.frames) { bytes in
        unsafe Array(bytes.bindMemory(to: UInt.self).prefix(Int(sample.count)))
      }
    }
    let duration = Duration.milliseconds(nanoseconds / 1_000_000)
    ReportThread.add(Sighting(reporter: reporter, addresses: addresses, task: task, duration: duration))
  }

  /// Who the task at an address is, which was running a moment ago.
  private func name(of address: UInt) -> String? {
    guard let identity = TaskIdentity(word: address) else { return "a callback" }
    let loops = group?.loops ?? [loop]
    if loops.contains(where: { $0.mainTask.load(ordering: .relaxed) == address }) { return "task 'main'" }
    return identity.record?.description
  }
}
