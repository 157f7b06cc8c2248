// Where tasks run.

import AsyncIORuntime
import Glibc
import Synchronization

/// Says of every kind of task whether it runs on the thread of `main`.
func places() throws {
  let thread = Thread.current
  try EventLoop.run {
    @Sendable func check(_ what: String) {
      say("\(what): \(Thread.current == thread ? "here" : "elsewhere")")
    }
    check("main")
    await Task { check("Task") }.value
    await Task.detached { check("Task.detached") }.value
    await withTaskGroup(of: Void.self) { $0.addTask { check("group") } }
    async let child: Void = check("async let")
    await child
    await Worker().work(check)
    await onMainActor(check)
    await Task { @MainActor in check("Task of the main actor") }.value
    await Task.yield()
    check("after Task.yield")
    try await Task.sleep(for: .milliseconds(1))
    check("after Task.sleep(for:)")
    try await Task.sleep(until: .now + .milliseconds(1), clock: .suspending)
    check("after Task.sleep(until:)")
    try await Task.sleep(nanoseconds: 1000)
    check("after Task.sleep(nanoseconds:)")
    try await sleep(for: .milliseconds(1))
    check("after sleep(for:)")
    await readStream(check)
    await wakeFromThread()
    check("after a wake-up from a foreign thread")
    await Task.detached { await wakeFromThread() }.value
    await onMainActor(check)
  }
}

@MainActor private func onMainActor(_ check: @Sendable (String) -> Void) async {
  check("main actor")
  MainActor.assertIsolated()
  try? await Task.sleep(for: .milliseconds(1))
  MainActor.assertIsolated()
  check("main actor, after a sleep")
}

private actor Worker {
  func work(_ check: @Sendable (String) -> Void) async {
    check("actor")
    await Task.yield()
    check("actor, after a yield")
  }
}

private func readStream(_ check: @Sendable (String) -> Void) async {
  let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
  // One element comes from a task, one from a thread.
  Task.detached {
    continuation.yield(1)
    LoopThread.start(named: "foreign") {
      continuation.yield(2)
      continuation.finish()
    }
  }
  for await number in stream { check("AsyncStream \(number)") }
}

private func wakeFromThread() async {
  await withCheckedContinuation { continuation in
    LoopThread.start(named: "foreign") { continuation.resume() }
  }
}

/// Says how many threads a program has that has used everything but threads.
func threadCount() throws {
  try EventLoop.run(watchdog: nil) {
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<1000 {
        group.addTask { try? await Task.sleep(for: .microseconds(number)) }
        group.addTask { await Task.detached { await Task.yield() }.value }
      }
    }
    await onMainActor { _ in }
    say(Thread.count)
  }
}

/// Says on how many threads the tasks of a run with two loops have run.
func twoThreads() throws {
  try EventLoop.run(threads: 2) {
    let seen = ThreadsSeen()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          // Until both loops have run one of them.
          while seen.note() < 2 { await Task.yield() }
        }
      }
    }
    say("\(seen.note())")
  }
}

/// The threads that were seen so far.
private final class ThreadsSeen: Sendable {
  private let threads = Mutex<Set<Thread>>([])

  /// Notes this thread; returns how many there were.
  func note() -> Int {
    threads.withLock { threads in
      threads.insert(.current)
      return threads.count
    }
  }
}

/// A thread of the system.
struct Thread: Hashable, Sendable {
  private let number: UInt

  static var current: Thread { Thread(number: pthread_self()) }

  /// How many the process has, as the system tells.
  static var count: String {
    let file = unsafe open("/proc/self/status", O_RDONLY)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let length = unsafe read(file, &bytes, bytes.count)
    let text = String(decoding: bytes.prefix(max(0, length)), as: UTF8.self)
    return text.split(separator: "\n").first { $0.hasPrefix("Threads:") }.map(String.init) ?? "?"
  }
}
