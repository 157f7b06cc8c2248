// One run of a generator that gives its values to a closure: the second of the two things that a `yield` may be of.
//
// Who owns what: all of it is one flow of control. `forEach` calls the producer, which calls `yield`, which calls the consumer's
// closure; each returns before what has called it goes on, and so nothing here is atomic. A timeout in the producer runs its body,
// and a `yield` in that, in another task, while the producer's task waits. A `yield` cannot be sent to where it would be called
// beside another call of it: that is misuse, and traps.
//
// Who wakes whom: nobody waits here. What waits is the producer or the closure, each by itself, in the caller's task.
//
// The closure is the caller's, and does not escape: it is let go when the producer has ended, before `forEach` returns.

import AsyncIORuntime

/// What a `yield` gives its values to: `GeneratorRun` or `GeneratorSink`.
@usableFromInline
@safe class GeneratorReceiver: @unchecked Sendable {
  // Sendable: it does not change.

  /// Which of the two it is. (Looking into an enum of them would count references for each value.)
  @usableFromInline final let isSink: Bool

  @usableFromInline
  init(isSink: Bool) { self.isSink = isSink }
}

/// One run of a generator whose values are given to a closure, without what depends on their type.
@usableFromInline
@safe class GeneratorSinkCore: GeneratorReceiver, @unchecked Sendable {
  // Sendable: one flow of control uses it.

  @usableFromInline
  enum State {
    /// The producer works → giving, over.
    case working
    /// The closure has a value, and `yield` has not returned → working, left.
    case giving
    /// The closure has thrown, and is not called again → over.
    case left
    /// The producer has ended (last).
    case over
  }

  @exclusivity(unchecked) @usableFromInline final var state = State.working
  /// What the closure has thrown.
  @exclusivity(unchecked) private final var failure: (any Error)?
  /// Whether a `yield` was refused because of a cancellation.
  @exclusivity(unchecked) private final var hasRefused = false
  /// The task that `forEach` was called in, which lives until that has returned.
  private let caller: TaskIdentity?

  /// Throws if the current task was cancelled: then the producer does not start.
  @usableFromInline
  init() throws {
    let (current, isCancelled) = TaskIdentity.currentAndCancellation
    caller = current
    super.init(isSink: true)
    if isCancelled { throw cancellationError() }
  }

  /// Throws if the closure cannot be given a value; otherwise it has one from now on.
  @usableFromInline
  final func beginGiving() throws {
    let (current, isCancelled) = TaskIdentity.currentAndCancellation
    guard case .working = unsafe state else { throw refusal() }
    // A shield in the producer does not keep the caller's cancellation from its consumer.
    if isCancelled || current?.word != caller?.word && isCallerCancelled {
      unsafe hasRefused = true
      throw cancellationError()
    }
    unsafe state = .giving
  }

  private var isCallerCancelled: Bool { unsafe caller?.isCancelled == true }

  /// Why a `yield` that came at a wrong time gives no value.
  private func refusal() -> any Error {
    switch unsafe state {
    case .working, .left: break
    case .giving:
      preconditionFailure(
        "yield was called while another call of it waits: a generator gives one value at a time")
    case .over:
      preconditionFailure(
        "yield was called outside of its generator: it is of use until the closure returns that got it")
    }
    return unsafe failure ?? cancellationError()
  }

  /// Says that the closure has thrown.
  @usableFromInline
  final func leave(_ error: any Error) {
    unsafe failure = error
    unsafe state = .left
  }

  /// Says that the producer has returned, or what it has thrown; returns what is to be thrown for all that.
  @usableFromInline
  final func finish(_ error: (any Error)?) -> (any Error)? {
    if case .giving = unsafe state {
      preconditionFailure(
        "the closure of a generator returned while a call of its yield waits: await it there")
    }
    unsafe state = .over
    guard let left = unsafe failure else {
      return unsafe error == nil && hasRefused && Task.isCancelled ? cancellationError() : error
    }
    guard let error, !isSame(error, left) else { return left }
    return ErrorGroup.combining([left, error].filter { !($0 is CancellationError) }) ?? left
  }

  /// Whether it is one error: an existential error is a reference to a box.
  private func isSame(_ one: any Error, _ other: any Error) -> Bool {
    // Without the casts, the compiler opens the box and passes what is in it.
    unsafe unsafeBitCast(one as any Error, to: UInt.self) == unsafeBitCast(other as any Error, to: UInt.self)
  }
}

/// One run of a generator whose values are given to a closure.
///
/// It is inlinable, so that in the caller's module it becomes code for the caller's types.
@usableFromInline
@safe final class GeneratorSink<Element: Sendable>: GeneratorSinkCore, @unchecked Sendable {
  /// What takes the values without waiting, where the producer runs.
  @usableFromInline
  final class Direct {
    @usableFromInline final let body: (Element) throws -> Void

    @inlinable
    init(_ body: @escaping (Element) throws -> Void) { self.body = body }
  }

  // One of the two is there while the producer works.
  @exclusivity(unchecked) @usableFromInline final var direct: Direct?
  /// What takes the values, and may wait.
  @exclusivity(unchecked) @usableFromInline final var waiting: ((Element) async throws -> Void)?

  /// The same as `direct`, which keeps it: to count references for a call would cost as much as the call.
  @exclusivity(unchecked) @usableFromInline final var borrowed: Unmanaged<Direct>?

  @inlinable
  init(direct body: @escaping (Element) throws -> Void) throws {
    let direct = Direct(body)
    unsafe self.direct = direct
    unsafe borrowed = .passUnretained(direct)
    try super.init()
  }

  @inlinable
  init(waiting: @escaping (Element) async throws -> Void) throws {
    unsafe self.waiting = waiting
    try super.init()
  }

  /// Calls the closure with a value.
  @inlinable
  func give(_ value: Element) async throws {
    try beginGiving()
    do {
      if let direct = unsafe borrowed {
        try unsafe direct._withUnsafeGuaranteedRef { try $0.body(value) }
      } else {
        try await unsafe waiting?(value)
      }
    } catch {
      leave(error)
      throw error
    }
    unsafe state = .working
  }

  /// Runs the producer.
  @inlinable
  func run(_ generator: AsyncGenerator<Element>, isolation: isolated (any Actor)?) async throws {
    let failure: (any Error)?
    do {
      try await generator.body(AsyncGenerator<Element>.Yield(self))
      failure = finish(nil)
    } catch {
      failure = finish(error)
    }
    unsafe borrowed = nil
    unsafe direct = nil
    unsafe waiting = nil
    if let failure { throw failure }
  }
}
