// An event loop of SwiftNIO without a thread: a lock, whose holder is "the thread of the loop" for as long as it holds it.
//
// Handlers of NIO must run one at a time, and ask their loop whether they do. What runs here is short and never waits: a task
// that has bytes or a message takes a turn, the pipeline is called, and the task leaves again, on whatever thread it is. So no
// thread is needed and none is changed, two tasks on two loops may share one channel, and there is one loop for each channel.
//
// Who may touch what: `gate` is held for the length of a turn; `owner` names the thread that holds it, and is compared by each
// thread with itself only, so that its order does not matter. `tasks` is for every thread.
//
// No task is forgotten: it is appended first, and then its giver tries the gate. If the gate is held, the holder has not looked
// at the tasks for the last time: it does so once more after it has let go of the gate, in `help`.

internal import AsyncIORuntime
import Dispatch
import Glibc
internal import NIOCore
import Synchronization

/// What the pipeline of one hosted channel takes for its event loop.
final class HostedEventLoop: NIOCore.EventLoop {
  private let gate = Mutex<Void>(())
  private let owner = Atomic<UInt>(0)
  private let tasks = Mutex<[@Sendable () -> Void]>([])
  private let onLeave = Mutex<(@Sendable () -> Void)?>(nil)

  /// Sets what is called after turns that no task of ours has taken: those of timers and of other threads.
  func setOnLeave(_ body: (@Sendable () -> Void)?) { onLeave.withLock { $0 = body } }

  var inEventLoop: Bool { owner.load(ordering: .relaxed) == Self.thread }

  private static var thread: UInt { UInt(pthread_self()) }

  /// Takes a turn: runs `body`, and then what it has submitted.
  ///
  /// - Parameter body: Calls the pipeline; it must not wait.
  /// - Returns: What `body` returns.
  func run<Result>(_ body: () -> Result) -> Result {
    if inEventLoop { return body() }
    var result: Result?
    gate.withLock { _ in
      turn { result = body() }
    }
    help()
    guard let result else { preconditionFailure("a turn of a hosted event loop did not run") }
    return result
  }

  private func turn(_ body: () -> Void) {
    owner.store(Self.thread, ordering: .relaxed)
    body()
    while let task = tasks.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { task() }
    owner.store(0, ordering: .relaxed)
  }

  /// Runs what was submitted, unless somebody else is doing so.
  private func help() {
    while !tasks.withLock({ $0.isEmpty }) {
      guard gate.withLockIfAvailable({ _ in turn {} }) != nil else { return }
    }
  }

  func execute(_ task: @escaping @Sendable () -> Void) {
    tasks.withLock { $0.append(task) }
    if inEventLoop { return }
    help()
    onLeave.withLock { $0 }?()
  }

  func submit<T>(_ task: @escaping @Sendable () throws -> T) -> EventLoopFuture<T> {
    let promise = makePromise(of: T.self)
    execute { promise.assumeIsolated().completeWith(Result { try task() }) }
    return promise.futureResult
  }

  func next() -> any NIOCore.EventLoop { self }

  func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
    // It ends with its channel.
    queue.async { callback(NIOCore.EventLoopError.unsupportedOperation) }
  }
}
