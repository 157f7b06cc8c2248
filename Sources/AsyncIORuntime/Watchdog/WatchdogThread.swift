// The thread that looks at the loops of all runs.
//
// A loop counts each item that it begins, and marks in the same word when it has none (`LoopProgress`). The thread reads the
// words some times per threshold: a word that stays the same and says that an item runs belongs to a loop that is stuck. Nothing
// else happens until then; the loop pays some instructions for each item.
//
// A machine that sleeps, a debugger, or too many programs stop the watchdog as well as the loop: a look that comes far too late
// therefore says nothing, and all measuring begins anew.
//
// Who owns what: the list of what is watched is behind the mutex; each `WatchedLoop` is touched by the thread only. The thread
// ends when it finds the list empty, which it decides under the mutex, so that whoever adds to the list knows whether to start it.
//
// The end of a run: the thread that drives the home loop takes its loops off the list, and then waits for the look at the loops
// that may be under way, which takes the time of some signals. From then on nobody sends a signal to the threads of that run, so
// that their numbers may go to others, and nobody has jobs of theirs in his hands (`StuckQueue`). Then it waits for the reports.
// It is in no item meanwhile, and the looking thread waits for nothing of it but that it takes a signal.

internal import CAsyncIO
import Glibc
import Synchronization

/// The watchdog's thread.
enum WatchdogThread {
  private struct State {
    var watched: [WatchedLoop] = []
    var isRunning = false
  }

  private static let state = Mutex(State())
  /// Held during a look at the loops.
  private static let looking = Mutex(())

  /// Looks at `loops`, which are those of `group` if there is one, until `unwatch`.
  static func watch(_ loops: [EventLoop], of group: LoopGroup?, with watchdog: Watchdog) {
    let added = loops.map { WatchedLoop($0, of: group, watchdog) }
    let mustStart = state.withLock { state in
      defer { state.isRunning = true }
      state.watched += added
      return !state.isRunning
    }
    guard mustStart, !LoopThread.start(named: "asyncio-watchdog", run) else { return }
    state.withLock { $0.isRunning = false }
    EventLoop.warn("the watchdog cannot be started: the system has no thread left")
  }

  /// Ends what `watch` began, and waits for reports that are under way.
  static func unwatch(_ loops: [EventLoop]) {
    state.withLock { state in
      state.watched.removeAll { watched in loops.contains { $0 === watched.loop } }
    }
    looking.withLock { _ in }
    ReportThread.flush()
  }

  /// Whether `loop` is watched.
  static func looks(at loop: EventLoop?) -> Bool {
    state.withLock { state in state.watched.contains { $0.loop === loop } }
  }

  private static func run() {
    var last = casyncio_now()
    while let interval = interval {
      var pause = timespec(tv_sec: Int(interval / 1_000_000_000), tv_nsec: Int(interval % 1_000_000_000))
      _ = unsafe nanosleep(&pause, nil)
      let now = casyncio_now()
      let isLate = now - last > interval * 4
      last = now
      looking.withLock { _ in
        // Those of a run that has ended meanwhile are on the list no more.
        for loop in state.withLock({ $0.watched }) {
          if isLate { loop.beginAnew(at: now) } else { loop.look(at: now) }
        }
      }
    }
  }

  /// How many nanoseconds to wait until the next look; nil if the thread must end.
  private static var interval: Int64? {
    state.withLock { state in
      if state.watched.isEmpty { state.isRunning = false }
      return state.watched.map(\.interval).min()
    }
  }
}
