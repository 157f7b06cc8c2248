// Threads for calls that block.
//
// The pool grows while calls are queued and fewer than `maximum` threads exist, and each thread leaves when it has been idle
// for a while. All state is under one mutex with one condition; the calls run outside of it. The threads are detached:
// a call that never returns costs its thread, and does not keep the process from exiting.

import AsyncIORuntime
import Glibc

/// An elastic pool of threads.
@safe final class BlockingPool: @unchecked Sendable {
  // Sendable: all mutable state is guarded by `mutex`.

  /// The pool of the process.
  static let shared = BlockingPool(maximum: 64)

  /// How long a thread waits for work before it leaves, in seconds.
  private static let idleSeconds = 10

  private let maximum: Int
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var queue: [@Sendable () -> Void] = []
  private var head = 0
  private var threads = 0
  private var idle = 0

  init(maximum: Int) {
    self.maximum = maximum
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  /// How many threads wait for work.
  var idleCount: Int {
    unsafe pthread_mutex_lock(mutex)
    defer { _ = unsafe pthread_mutex_unlock(mutex) }
    return idle
  }

  /// Runs `body` on a thread of the pool, after those that were given before.
  ///
  /// - Throws: `IOError` when there is no thread in the pool and the system has none left.
  func submit(_ body: @escaping @Sendable () -> Void) throws(IOError) {
    unsafe pthread_mutex_lock(mutex)
    queue.append(body)
    let waiting = queue.count - head
    let grows = waiting > idle && threads < maximum
    if grows { threads += 1 } else if idle > 0 { unsafe pthread_cond_signal(condition) }
    unsafe pthread_mutex_unlock(mutex)
    guard grows, !LoopThread.start(named: "asyncio-blocking", { self.work() }) else { return }
    try withdrawThread()
  }

  /// Takes back a thread that could not be started; the work waits for another, if there is one.
  private func withdrawThread() throws(IOError) {
    unsafe pthread_mutex_lock(mutex)
    defer { _ = unsafe pthread_mutex_unlock(mutex) }
    threads -= 1
    guard threads == 0 else { return }
    queue.removeAll()
    head = 0
    throw IOError(.system, errno: EAGAIN, operation: "pthread_create")
  }

  private func work() {
    while let body = next() { body() }
  }

  private func next() -> (@Sendable () -> Void)? {
    unsafe pthread_mutex_lock(mutex)
    defer { _ = unsafe pthread_mutex_unlock(mutex) }
    var deadline = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &deadline)
    deadline.tv_sec += Self.idleSeconds
    while head == queue.count {
      idle += 1
      let result = unsafe pthread_cond_timedwait(condition, mutex, &deadline)
      idle -= 1
      if result == ETIMEDOUT, head == queue.count {
        threads -= 1
        return nil
      }
    }
    let body = queue[head]
    head += 1
    if head == queue.count {
      queue.removeAll(keepingCapacity: queue.count <= 1024)
      head = 0
    }
    return body
  }
}
