internal import CAsyncIO
import Glibc

/// How a run looks after code that holds its loops without giving way.
///
/// A thread of its own looks at the loops some times per threshold. When one has been running the same piece of code for longer,
/// it reports which task that is and where it is at this moment, with its stack: while it is stuck, and not when it is over (as
/// asyncio's `slow_callback_duration` does). The same place is reported once in ten seconds, and one that stays stuck again after
/// ten times as long.
///
/// ```swift
/// try EventLoop.run(watchdog: Watchdog(threshold: .milliseconds(20))) { try await serve() }
/// ```
///
/// In a run with several threads the other tasks that were ready on that loop, and those that become ready for it, are given to the
/// other loops. The running code itself cannot be moved, nor timers and descriptors that wait on its loop.
///
/// To look at a stack the thread is sent the signal SIGURG, if that has its default action. System calls that it is in are not
/// disturbed.
public struct Watchdog: Sendable {
  /// How long code may hold a loop before it is reported.
  public var threshold: Duration
  /// What is done with a report, on the watchdog's own thread; nil to write it to standard error.
  public var onReport: (@Sendable (BlockingReport) -> Void)?

  /// Makes a watchdog.
  ///
  /// - Parameters:
  ///   - threshold: How long code may hold a loop, at least a millisecond.
  ///   - onReport: Called on the watchdog's thread; nil to write reports to standard error.
  public init(
    threshold: Duration = .milliseconds(100),
    onReport: (@Sendable (BlockingReport) -> Void)? = nil
  ) {
    precondition(
      threshold >= .milliseconds(1),
      "a watchdog's threshold is at least a millisecond, not \(threshold)")
    self.threshold = threshold
    self.onReport = onReport
  }

  /// What the environment variable `ASYNCIO_WATCHDOG` says; without it, the default watchdog in debug builds and none in others.
  ///
  /// The variable is `on`, `off`, or a threshold such as `250ms` or `2s`.
  public static var automatic: Watchdog? {
    guard let text = unsafe getenv("ASYNCIO_WATCHDOG") else { return isDebugBuild ? Watchdog() : nil }
    return setting(unsafe String(cString: text))
  }

  /// The watchdog that `text` stands for; nil for none.
  static func setting(_ text: String) -> Watchdog? {
    switch text {
    case "off", "no", "false", "0": return nil
    case "on", "yes", "true", "1", "": return Watchdog()
    default: break
    }
    let isInSeconds = !text.hasSuffix("ms")
    if text.hasSuffix("s"), let number = Int64(text.dropLast(isInSeconds ? 1 : 2)), number > 0 {
      return Watchdog(threshold: isInSeconds ? .seconds(number) : .milliseconds(number))
    }
    EventLoop.warn("ASYNCIO_WATCHDOG is '\(text)': it may be on, off, or a threshold such as 250ms or 2s")
    return Watchdog()
  }

  private static var isDebugBuild: Bool {
    #if DEBUG
      true
    #else
      false
    #endif
  }
}

/// Code that holds a loop and does not give way, as the watchdog has found it.
public struct BlockingReport: Sendable, CustomStringConvertible {
  /// A function on the stack.
  public struct Frame: Sendable, Hashable, CustomStringConvertible {
    /// The function's name, or its address if it has none.
    public var function: String
    /// The path of the source file, if the program has that information.
    public var file: String?
    /// The line in the file.
    public var line: Int?
    /// The program or library that the function is in.
    public var image: String

    /// One line for a log.
    public var description: String {
      guard let file, let line else { return "\(function) in \(image)" }
      return "\(function) at \(file):\(line)"
    }
  }

  /// Which task runs, such as `task 'poller' (App/Main.swift:12)`; nil if it was not made through this package.
  public let task: String?
  /// For how long it has held the loop until now; the truth may be a quarter of the threshold longer.
  public let duration: Duration
  /// Where it is, innermost function first; empty where the thread cannot be looked at without disturbing it.
  public let stack: [Frame]
  /// How many reports of the same place were left out since the last one.
  public let omitted: Int

  /// Lines for a log: the task and the time, then the stack.
  public var description: String {
    var text = "\(task ?? "a task without a name") has held the event loop for \(duration) without giving way"
    if omitted > 0 { text += " (and \(omitted) more times there)" }
    if stack.isEmpty { return text }
    return text + "\n" + stack.map { "    \($0)" }.joined(separator: "\n")
      + "\n  What blocks belongs into withBlocking, what computes into withCompute."
  }
}
