internal import CAsyncIO
import Glibc

/// Threads of our own: for loops and for blocking work.
package enum LoopThread {
  private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// How many cores this process may use.
  package static let coreCount = Int(casyncio_core_count())

  /// Starts a detached thread that runs `body`; false if the system has no more threads.
  ///
  /// Signals are left to the process's first thread, where they were before.
  @discardableResult
  package static func start(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    var all = sigset_t()
    var former = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_SETMASK, &all, &former)
    defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &former, nil) }
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    defer { _ = unsafe pthread_attr_destroy(&attributes) }
    let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
    var thread = pthread_t()
    let failure = unsafe pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument = unsafe argument else { return nil }
        // The retain that `start` was passed with.
        let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        unsafe casyncio_set_thread_name(start.name)
        start.body()
        return nil
      }, start.toOpaque())
    guard failure == 0 else {
      unsafe start.release()
      return false
    }
    return true
  }
}
