// From synchronous code on another thread into the loop, and back with the result.
//
// The caller's thread sleeps on a semaphore that the task raises when it has stored its result. On a loop's own thread that
// would never happen, as the loop could not run the task: there the call is refused.

import Glibc
import Synchronization

extension EventLoop {
  /// Runs `body` on this loop and blocks the calling thread until it has ended (asyncio's `run_coroutine_threadsafe`).
  ///
  /// For synchronous code on threads that are not the loop's: callbacks of C libraries, worker threads.
  ///
  /// ```swift
  /// let count = try loop.runBlocking { await cache.count }
  /// ```
  ///
  /// - Throws: What `body` throws; `EventLoopError` with the code `wouldBlockLoop` on a thread that drives a loop.
  public func runBlocking<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) throws
    -> Result
  {
    guard EventLoop.current == nil else {
      throw EventLoopError(
        .wouldBlockLoop,
        "runBlocking was called on an event loop's own thread, which it would block for ever: await the function instead"
      )
    }
    let exchange = BlockingExchange<Result>()
    let task = makeTask(name: "runBlocking", installed: InstalledExecutors.home === self) {
      do {
        exchange.finish(.success(try await body()))
      } catch {
        exchange.finish(.failure(error))
      }
    }
    defer { _ = task }
    return try exchange.wait().get()
  }
}

/// A result that one thread waits for and another brings.
@safe private final class BlockingExchange<Result: Sendable>: @unchecked Sendable {
  // Sendable: the result is guarded by the mutex; a semaphore is made for several threads.
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
  private let result = Mutex<Swift.Result<Result, any Error>?>(nil)

  init() { unsafe sem_init(semaphore, 0, 0) }

  deinit {
    unsafe sem_destroy(semaphore)
    unsafe semaphore.deallocate()
  }

  func finish(_ outcome: Swift.Result<Result, any Error>) {
    result.withLock { $0 = outcome }
    unsafe sem_post(semaphore)
  }

  func wait() -> Swift.Result<Result, any Error> {
    while true {
      // A signal may end the wait early.
      while unsafe sem_wait(semaphore) != 0 {}
      if let result = result.withLock({ $0 }) { return result }
    }
  }
}
