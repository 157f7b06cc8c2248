// Callbacks for code that is not async: asyncio's call_soon, call_later and call_at, safe from any thread.

extension EventLoop {
  /// Runs `body` on the loop, behind what is ready now.
  ///
  /// Callbacks run in the order of their calls, each once (asyncio's `call_soon` and `call_soon_threadsafe` in
  /// one: any thread may call this).
  ///
  /// - Parameter body: Runs on the loop's thread; it must not block.
  /// - Returns: A way to cancel it before it runs.
  @discardableResult
  public func callSoon(_ body: @escaping @Sendable () -> Void) -> ScheduledCallback {
    let callback = LoopCallback(body)
    enqueue(ReadyItem(callback))
    return ScheduledCallback(callback: callback, loop: self)
  }

  /// Runs `body` on the loop after `delay`.
  ///
  /// A delay of zero or less is `callSoon`. Callbacks that are due at one instant run in the order of their calls.
  ///
  /// - Parameters:
  ///   - delay: How long to wait, from now.
  ///   - body: Runs on the loop's thread; it must not block.
  /// - Returns: A way to cancel it before it runs; cancelling removes the timer at once.
  /// - Complexity: O(log n) in the number of the loop's timers.
  @discardableResult
  public func callLater(_ delay: Duration, _ body: @escaping @Sendable () -> Void) -> ScheduledCallback {
    guard delay > .zero else { return callSoon(body) }
    return call(at: deadline(after: delay), body)
  }

  /// Runs `body` on the loop when its clock reaches `instant`.
  ///
  /// - Parameters:
  ///   - instant: When to run; an instant that has passed is `callSoon`.
  ///   - body: Runs on the loop's thread; it must not block.
  /// - Returns: A way to cancel it before it runs; cancelling removes the timer at once.
  /// - Complexity: O(log n) in the number of the loop's timers.
  @discardableResult
  public func callAt(_ instant: LoopClock.Instant, _ body: @escaping @Sendable () -> Void)
    -> ScheduledCallback
  {
    guard instant.nanoseconds > now else { return callSoon(body) }
    return call(at: instant.nanoseconds, body)
  }

  private func call(at deadline: Int64, _ body: @escaping @Sendable () -> Void) -> ScheduledCallback {
    let callback = LoopCallback(body)
    onLoopThread {
      // Cancelled on its way here.
      guard !callback.isDone else { return }
      callback.timer = self.setTimer(at: deadline, TimerPayload(callback))
    }
    return ScheduledCallback(callback: callback, loop: self)
  }

  /// Removes the timer of a callback that was cancelled.
  func forgetTimer(of callback: LoopCallback) {
    onLoopThread {
      guard let timer = callback.timer else { return }
      callback.timer = nil
      self.removeTimer(timer)
    }
  }

  /// The instant after `delay`, in nanoseconds of the loop's clock.
  func deadline(after delay: Duration) -> Int64 {
    let (sum, overflow) = now.addingReportingOverflow(delay.wholeNanoseconds)
    return overflow ? .max : sum
  }
}
