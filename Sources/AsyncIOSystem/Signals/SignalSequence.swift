// Signals as a sequence.
//
// The handler sets a bit in the slot of each listener and raises its eventfd (the shim says why that is sound). A listener reads
// its bits when the eventfd has become readable on its loop: no thread, and no reader that all share.
//
// What is shared is who handles a signal: `SignalRoutes` counts the listeners of each, keeps what the signal did before the first
// of them, and gives it back after the last. The handler of `EventLoop.run` for SIGINT and SIGTERM is such a former one: while
// somebody listens, these signals are his, and cancel nothing.
//
// Cancelled before it waits or while it does: the iteration ends; what has arrived stays for the next. Two tasks that iterate one
// sequence: each signal goes to one of them. The loop shutting down: those who wait are cancelled with their tasks.

import AsyncIORuntime
internal import CAsyncIO
import Glibc
import Synchronization

/// Listens for signals of the system (asyncio's `add_signal_handler`).
///
/// ```swift
/// for await signal in try signals(SIGHUP, SIGTERM) {
///   if signal == SIGTERM { break }
///   try await reload()
/// }
/// ```
///
/// From this call on until the sequence goes away, the signals do nothing else in this process: SIGTERM no longer ends it or cancels
/// `EventLoop.run`. Each listener gets each signal; as in the system itself, one that arrives again before it was
/// looked at is there once. Signals that are there together come in the order of their numbers.
///
/// - Parameter numbers: Such as `SIGHUP`; at least one, none of SIGKILL, SIGSTOP (which nobody can listen to) and SIGSEGV, SIGBUS,
///   SIGFPE, SIGILL (from which there is no return).
/// - Returns: The signals that arrive from now on.
/// - Throws: `IOError` when there are 64 listeners already, or no descriptor is left.
public func signals(_ numbers: CInt...) throws -> SignalSequence { try SignalSequence(numbers) }

/// Signals that arrive; made by `signals`.
///
/// Dropping it, or `stop`, gives the signals back to what they did before.
public final class SignalSequence: AsyncSequence, Sendable {
  /// The number of a signal.
  public typealias Element = CInt
  /// It never fails.
  public typealias Failure = Never

  private enum State {
    case listening(index: CInt)
    case stopped
  }

  private let numbers: [CInt]
  private let wake: Descriptor
  private let state: Mutex<State>
  /// Signals that were taken from the slot and not given yet, as bits.
  private let taken = Mutex<UInt64>(0)

  init(_ numbers: [CInt]) throws {
    precondition(!numbers.isEmpty, "a listener needs at least one signal to listen to")
    let forbidden: Set<CInt> = [SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL]
    for number in numbers {
      precondition(
        (1...64).contains(number) && !forbidden.contains(number),
        "signal \(number) cannot be listened to: it is none, or one that ends or stops the process")
    }
    self.numbers = Array(Set(numbers)).sorted()
    let raised = casyncio_eventfd()
    guard raised >= 0 else { throw IOError(.system, errno: -raised, operation: "eventfd") }
    wake = try Descriptor(raised)
    wake.expectEvent(.read)
    let mask = numbers.reduce(0) { $0 | Self.bit($1) }
    let index = try wake.withNumber("signals") { number throws(IOError) in
      let index = casyncio_listener_add(mask, number)
      guard index >= 0 else {
        throw IOError(.system, operation: "signals", detail: "64 listeners are all that there can be")
      }
      return index
    }
    state = Mutex(.listening(index: index))
    for (position, number) in self.numbers.enumerated() {
      do throws(IOError) {
        try SignalRoutes.shared.add(number)
      } catch {
        for number in self.numbers[..<position] { SignalRoutes.shared.remove(number) }
        casyncio_listener_remove(index)
        state.withLock { $0 = .stopped }
        throw error
      }
    }
  }

  deinit { stop() }

  private static func bit(_ number: CInt) -> UInt64 { 1 << UInt64(number - 1) }

  /// Stops listening: the signals do again what they did before, and iterations end.
  ///
  /// Idempotent.
  public func stop() {
    let former = state.withLock { state in
      let former = state
      state = .stopped
      return former
    }
    guard case .listening(let index) = former else { return }
    for number in numbers { SignalRoutes.shared.remove(number) }
    // Only then is the descriptor nobody's but this object's.
    casyncio_listener_remove(index)
    wake.close()
  }

  /// Takes the first signal that is there.
  private func take() -> CInt? {
    let arrived = state.withLock { state in
      if case .listening(let index) = state { return casyncio_listener_take(index) }
      return 0 as UInt64
    }
    return taken.withLock { taken in
      taken |= arrived
      guard taken != 0 else { return nil }
      let number = CInt(taken.trailingZeroBitCount + 1)
      taken &= taken - 1
      return number
    }
  }

  /// Makes an iterator; several share the signals.
  public func makeAsyncIterator() -> Iterator { Iterator(sequence: self) }

  /// Gives the signals as they arrive.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let sequence: SignalSequence

    /// The next signal; nil after `stop`, or when the task is cancelled.
    ///
    /// ## Cancellation
    /// Ends the iteration; what has arrived is kept for the next one.
    public mutating func next(isolation: isolated (any Actor)? = #isolation) async -> CInt? {
      await sequence.next()
    }
  }

  private func next() async -> CInt? {
    do {
      while true {
        var number: CInt?
        // Each raise of the eventfd is told once, so that it need not be read.
        _ = try wake.attempt(.read, "wait for a signal") { _ in
          number = take()
          errno = EAGAIN
          return number == nil ? -1 : 0
        } isDrained: { _ in
          false
        }
        if let number { return number }
        try await wake.waitUntilReady(.read, "wait for a signal")
      }
    } catch {
      // Stopped, or cancelled.
      return nil
    }
  }
}

/// Who listens to which signal in this process.
private final class SignalRoutes: Sendable {
  static let shared = SignalRoutes()

  private struct Route {
    var listeners: Int
    /// What the signal did before, as the system has it.
    let former: [UInt8]
  }

  private let routes = Mutex<[CInt: Route]>([:])

  // The system calls are made under the lock, so that the table and the dispositions change in one order.

  func add(_ number: CInt) throws(IOError) {
    try routes.withLock { routes throws(IOError) in
      if routes[number] != nil {
        routes[number]?.listeners += 1
        return
      }
      var former = [UInt8](repeating: 0, count: casyncio_signal_former_size())
      let failure = unsafe former.withUnsafeMutableBytes {
        unsafe casyncio_signal_route(number, $0.baseAddress)
      }
      guard failure == 0 else {
        throw IOError(.system, errno: failure, operation: "listen to signal \(number)")
      }
      routes[number] = Route(listeners: 1, former: former)
    }
  }

  func remove(_ number: CInt) {
    routes.withLock { routes in
      guard var route = routes[number] else { return }
      route.listeners -= 1
      routes[number] = route.listeners > 0 ? route : nil
      guard route.listeners == 0 else { return }
      _ = unsafe route.former.withUnsafeBytes { unsafe casyncio_signal_unroute(number, $0.baseAddress) }
    }
  }
}
