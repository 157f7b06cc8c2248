// A thread beside the loops that makes calls for them: what it is doing, and for whom.
//
// A thread-local word of the C shim points to it while the thread is there. `loop` is touched by the thread itself; the call
// is behind a mutex, as the end of a run looks at it from another thread.
//
// When a call has ended, its loop is woken by `wakeLoop`, and not at once: it often makes the next call a moment later, and then
// this thread should be there to be woken, rather than be preempted by the loop in the middle of going to sleep.

internal import CAsyncIO
import Synchronization

/// A thread of a pool.
package final class ServingThread: @unchecked Sendable {
  // Sendable: `loop` and `wake` belong to the thread itself, the rest is constant or behind mutexes.

  /// A call that blocks or computes: who made it, where, and since when it runs.
  package struct Call: Sendable, CustomStringConvertible {
    package let name: String?
    package let fileID: StaticString
    package let line: UInt

    /// Describes a call that has not begun.
    package init(name: String?, fileID: StaticString, line: UInt) {
      self.name = name
      self.fileID = fileID
      self.line = line
    }

    /// The name and the place, such as `blocking call 'backup' (App/Main.swift:12)`.
    package var description: String {
      "blocking call\(name.map { " '\($0)'" } ?? "") (\(fileID):\(line))"
    }
  }

  /// What becomes of waking a loop that sleeps.
  private enum Wake {
    /// It is woken where something is submitted to it → later(nil).
    case atOnce
    /// The thread has made its call, and sees to its loop in `wakeLoop` → atOnce.
    case later(EventLoop?)
  }

  private struct Running: Sendable {
    let call: Call
    let start: Int64
    let loop: EventLoop?
  }

  private static let all = Mutex<[ObjectIdentifier: ServingThread]>([:])

  private let pool: String
  /// Whose job the thread runs.
  package private(set) var loop: EventLoop?
  private var wake = Wake.atOnce
  private let running = Mutex<Running?>(nil)

  /// Makes what stands for this thread, of the pool of that name.
  package init(pool: String) { self.pool = pool }

  /// What stands for this thread; nil if it is none of a pool.
  package static var current: ServingThread? {
    // Set by `begin` on this thread, and cleared by `end` before the reference goes away.
    unsafe casyncio_get_serving().map { pointer in
      unsafe Unmanaged<ServingThread>.fromOpaque(pointer).takeUnretainedValue()
    }
  }

  /// Makes this thread known, until `end`; called on the thread itself.
  package func begin() {
    Self.all.withLock { $0[ObjectIdentifier(self)] = self }
    unsafe casyncio_set_serving(Unmanaged.passUnretained(self).toOpaque())
  }

  /// Ends what `begin` began.
  package func end() {
    casyncio_set_serving(nil)
    Self.all.withLock { $0[ObjectIdentifier(self)] = nil }
  }

  /// Runs a job of a task of `loop`: tasks that it makes or wakes go there.
  package func serve(_ loop: EventLoop?, _ job: () -> Void) {
    self.loop = loop
    job()
    self.loop = nil
  }

  /// Makes `call`, on the thread itself.
  package func make(_ call: Call, _ body: () throws -> Void) rethrows {
    let former = running.withLock { running in
      defer { running = Running(call: call, start: casyncio_now(), loop: loop) }
      return running
    }
    defer { running.withLock { $0 = former } }
    try body()
  }

  /// Says that the call has been made, and all that is left is to tell its loop.
  package func finishCall() { wake = .later(nil) }

  /// Wakes the loop that something was submitted to since `finishCall`.
  package func wakeLoop() {
    guard case .later(let loop) = wake else { return }
    wake = .atOnce
    loop?.poller.wake()
  }

  /// Takes over to wake `loop`; false if that must be done at once.
  func wakesLater(_ loop: EventLoop) -> Bool {
    guard case .later(nil) = wake else { return false }
    wake = .later(loop)
    return true
  }

  /// The calls for `loops` that have not ended, the longest first: what they are, and since when they run.
  static func calls(for loops: [EventLoop]) -> [String] {
    let threads = all.withLock { Array($0.values) }
    var found: [(start: Int64, text: String)] = []
    for thread in threads {
      guard let running = thread.running.withLock({ $0 }), let loop = running.loop,
        loops.contains(where: { $0 === loop })
      else { continue }
      let duration = Duration.milliseconds((casyncio_now() - running.start) / 1_000_000)
      let text = "\(running.call) has been running on a thread of \(thread.pool) for \(duration)"
      found.append((running.start, text))
    }
    return found.sorted { $0.start < $1.start }.map(\.text)
  }
}
