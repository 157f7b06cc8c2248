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
  private let watchdog: Watchdog
  private var state = State.moving
  private var limiter = ReportLimiter()

  init(_ loop: EventLoop, of group: LoopGroup?, _ watchdog: Watchdog) {
    self.loop = loop
    self.group = group
    self.watchdog = watchdog
    interval = min(max(watchdog.threshold.wholeNanoseconds / 4, 250_000), 50_000_000)
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
    let threshold = watchdog.threshold.wholeNanoseconds
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
      StuckQueue.prepare()
      return unsafe casyncio_take_sample(loop.thread.load(ordering: .relaxed), word, item, &sample)
    }
    if isTaken, sample.is_stale { return }
    group?.rescue(loop, queue: isTaken && sample.took_queue)
    let addresses =
      isTaken
      ? unsafe withUnsafeBytes(of: &sample.frames) { bytes in
        unsafe Array(bytes.bindMemory(to: UInt.self).prefix(Int(sample.count)))
      } : []
    let stack = StackSymbols.frames(at: addresses)
    let task = isTaken ? name(of: sample.task) : "some task"
    guard let omitted = limiter.admit(stack.last?.function ?? task ?? "") else { return }
    let report = BlockingReport(
      task: task, duration: .milliseconds(nanoseconds / 1_000_000), stack: stack, omitted: omitted)
    if let onReport = watchdog.onReport { onReport(report) } else { EventLoop.warn("\(report)") }
  }

  /// Who the task at an address is, that cannot have ended since, as it runs.
  private func name(of address: UInt) -> String? {
    guard let identity = TaskIdentity(word: address) else { return "a callback" }
    let loops = group?.loops ?? [loop]
    if loops.contains(where: { $0.mainTask.load(ordering: .relaxed) == address }) { return "task 'main'" }
    return identity.record?.description
  }
}

/// Lets one report of a place pass in ten seconds.
struct ReportLimiter {
  private static let pause: Int64 = 10_000_000_000
  private static let capacity = 256

  /// How many places are remembered.
  var count: Int { places.count }

  private var places: [String: (last: Int64, omitted: Int)] = [:]

  /// How many reports of `place` were left out since the last one; nil if this one is, too.
  mutating func admit(_ place: String, at now: Int64 = casyncio_now()) -> Int? {
    if let known = places[place], now - known.last < Self.pause {
      places[place]?.omitted += 1
      return nil
    }
    if places.count >= Self.capacity {
      places = places.filter { now - $0.value.last < Self.pause }
      // So many places at once: then none is worth its memory.
      if places.count >= Self.capacity { places = [:] }
    }
    return places.updateValue((now, 0), forKey: place)?.omitted ?? 0
  }
}
