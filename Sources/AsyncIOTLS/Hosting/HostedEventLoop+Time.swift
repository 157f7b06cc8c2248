// Timers of handlers: callbacks of our own loop, so that they follow its clock, virtual time included.

internal import AsyncIORuntime
internal import NIOCore

extension HostedEventLoop {
  /// Now on our loop's clock; NIO's deadlines are on the same one where time is real.
  var now: NIODeadline { .uptimeNanoseconds(UInt64(max(0, LoopClock.now.nanoseconds))) }

  func scheduleTask<T>(
    deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T
  ) -> Scheduled<T> {
    scheduleTask(in: deadline - now, task)
  }

  func scheduleTask<T>(
    in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T
  ) -> Scheduled<T> {
    let promise = makePromise(of: T.self)
    let loop = AsyncIORuntime.EventLoop.orDefault
    let callback = loop.callLater(.nanoseconds(delay.nanoseconds)) {
      self.execute { promise.assumeIsolated().completeWith(Result { try task() }) }
    }
    return Scheduled(promise: promise, cancellationTask: { callback.cancel() })
  }
}
