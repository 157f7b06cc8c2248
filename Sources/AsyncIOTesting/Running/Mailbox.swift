// Messages to a thread that sleeps until one comes or a time is over.
//
// A condition variable of the system, as it is the only thing that blocks a thread until a time on the monotonic clock.
// The messages are touched under the system's mutex only.

import Glibc

/// A queue from any threads to one that blocks.
@safe final class Mailbox<Message: Sendable>: @unchecked Sendable {
  // Sendable: `messages` is guarded by `mutex`; the two pointers are constant.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var messages: [Message] = []

  init() {
    unsafe pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(condition, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  func post(_ message: Message) {
    unsafe pthread_mutex_lock(mutex)
    messages.append(message)
    unsafe pthread_mutex_unlock(mutex)
    unsafe pthread_cond_signal(condition)
  }

  /// Blocks until there is a message; nil when it is `limit` on the monotonic clock.
  func take(until limit: timespec) -> Message? {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    var limit = limit
    while messages.isEmpty {
      if unsafe pthread_cond_timedwait(condition, mutex, &limit) == ETIMEDOUT { break }
    }
    return messages.isEmpty ? nil : messages.removeFirst()
  }
}

extension timespec {
  /// The time on the monotonic clock when `delay` will be over.
  static func after(_ delay: Duration) -> timespec {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    let nanoseconds = time.tv_nsec + Int(delay.components.attoseconds / 1_000_000_000)
    time.tv_sec += Int(delay.components.seconds) + nanoseconds / 1_000_000_000
    time.tv_nsec = nanoseconds % 1_000_000_000
    return time
  }
}
