// Threads for calls that block.
//
// Each call that is submitted is made exactly once: on a thread of the pool, or, where the system has no thread left and the
// pool has none, with that error, by whoever found it out. That one takes all calls that are queued then, as another may have
// relied on the thread that could not be started.
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

  /// A call, or what keeps it from being made.
  typealias Call = @Sendable (_ refusal: IOError?) -> Void

  private let maximum: Int
  private let startThread: @Sendable (@escaping @Sendable () -> Void) -> Bool
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var queue: [Call] = []
  private var head = 0
  private var threads = 0
  private var idle = 0

  /// Makes a pool without threads.
  ///
  /// - Parameters:
  ///   - maximum: How many threads there may be at once.
  ///   - startThread: Runs a function on a new thread; false if there is none.
  init(
    maximum: Int,
    startThread: @escaping @Sendable (@escaping @Sendable () -> Void) -> Bool = {
      LoopThread.start(named: "asyncio-blocking", $0)
    }
  ) {
    self.maximum = maximum
    self.startThread = startThread
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

  /// Makes `call` on a thread of the pool, after those that were submitted before.
  ///
  /// When there is no thread in the pool and the system has none left, it is made here and now with that error.
  func submit(_ call: @escaping Call) {
    unsafe pthread_mutex_lock(mutex)
    queue.append(call)
    let waiting = queue.count - head
    let grows = waiting > idle && threads < maximum
    if grows { threads += 1 } else if idle > 0 { unsafe pthread_cond_signal(condition) }
    unsafe pthread_mutex_unlock(mutex)
    guard grows, !startThread({ self.work() }) else { return }
    let refusal = IOError(.system, errno: EAGAIN, operation: "pthread_create")
    for call in withdrawThread() { call(refusal) }
  }

  /// Takes back a thread that could not be started; returns the calls that no other thread is there to make.
  private func withdrawThread() -> ArraySlice<Call> {
    unsafe pthread_mutex_lock(mutex)
    defer { _ = unsafe pthread_mutex_unlock(mutex) }
    threads -= 1
    guard threads == 0 else { return [] }
    defer {
      queue = []
      head = 0
    }
    return queue[head...]
  }

  private func work() {
    while let call = next() { call(nil) }
  }

  private func next() -> Call? {
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
    let call = queue[head]
    head += 1
    if head == queue.count {
      queue.removeAll(keepingCapacity: queue.count <= 1024)
      head = 0
    }
    return call
  }
}
