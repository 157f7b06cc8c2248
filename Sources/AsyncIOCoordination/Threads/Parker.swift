import Glibc

/// Where one thread sleeps until another wakes it; a wake-up that comes first is kept.
@safe final class Parker: @unchecked Sendable {
  // Sendable: a semaphore is made for several threads, and the pointer is constant.
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { unsafe sem_init(semaphore, 0, 0) }

  deinit {
    unsafe sem_destroy(semaphore)
    unsafe semaphore.deallocate()
  }

  /// Sleeps until `unpark`.
  func park() {
    // A signal may end the wait early.
    while unsafe sem_wait(semaphore) != 0 {}
  }

  /// Sleeps until `unpark`; false if there was none for so long.
  func park(atMost time: Duration) -> Bool {
    var end = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &end)
    let nanoseconds = end.tv_nsec + Int(time.components.attoseconds / 1_000_000_000)
    end.tv_sec += Int(time.components.seconds) + nanoseconds / 1_000_000_000
    end.tv_nsec = nanoseconds % 1_000_000_000
    while unsafe sem_timedwait(semaphore, &end) != 0 {
      if errno == ETIMEDOUT { return false }
    }
    return true
  }

  /// Wakes the thread that sleeps, or keeps the next one from it.
  func unpark() { unsafe sem_post(semaphore) }
}
