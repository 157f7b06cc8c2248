// One run of a generator: a producer in a task of its own, and a consumer that asks it for one value after another.
//
// Who owns what: the consumer's iterator owns the run, and says so when it goes away; the producer's task owns it until it has
// ended; the registry names the task until then. All that both sides and others decide is one word (GeneratorState.swift). The
// place for a value belongs to the producer from the demand on until it gives the value, and to the consumer from then on until
// it asks for the next, whatever else happens: a producer that is woken without a demand waits for one before it gives.
//
// How a value passes: the consumer makes `parked` into `demanded` and hands the thread over to the producer, which works, gives
// the value, and makes `demanded` into `parked`; with that the thread comes back, and neither lock nor queue was in the way. A
// producer that has to wait for something else, or runs elsewhere, has not answered by then: the consumer leaves a waiter in the
// word (`awaited`), and whoever takes it out of there finishes it.
//
// Why each side wakes exactly once: a continuation or a waiter leaves the word by one exchange, and whoever performs it wakes.
//
// The consumer is cancelled before: `next` ends the producer instead of asking it. While it waits: it wakes, and makes `awaited` into
// `closed`; if that fails, an answer has come first and counts. At the same instant as it is woken: its waiter decides, then the
// word. After: it has its value, and finds itself cancelled when it asks for the next. The producer is cancelled by its owner, as
// when the loop shuts down (`interrupt`): while it waits, it wakes without a demand; while it works, the mark in the word keeps it
// from waiting. Of the scopes in it: a `yield` in one of those waits with a waiter, as any wait does. From any thread: every change
// is an exchange of the word.
//
// What depends on the type of the values is in GeneratorRun.swift.

import AsyncIORuntime
import Synchronization

/// One run of a generator, without the value.
@usableFromInline
@safe class GeneratorCore: GeneratorReceiver, @unchecked Sendable {
  // Sendable: `record` and `lender` are the consumer's, `task` is the producer's; `failure` belongs to the producer until it ends,
  // and to whoever is told of its end from then on.

  let state = Atomic<UInt>(GeneratorState(.unstarted).word)
  private let source: GeneratorSource
  /// The producer's surroundings are those of the consumer that waits for it.
  private let surroundings = BorrowedContext()
  /// The consumer's surroundings when it asked last; to be compared only, as `surroundings` holds them.
  @exclusivity(unchecked) private final var lender: ObjectIdentifier?
  /// The producer's task.
  @exclusivity(unchecked) final var task: TaskIdentity?
  final var record: TaskRecord?
  /// What the producer has thrown.
  final var failure: (any Error)?

  /// Whether somebody waits for the producer's end in any case, and takes its error.
  let isScoped: Bool

  @usableFromInline
  init(_ source: GeneratorSource, isScoped: Bool) {
    self.source = source
    self.isScoped = isScoped
    super.init(isSink: false)
  }

  /// Replaces the phase by what `next` makes of it, unless that is nil; returns the state that was there.
  @inline(__always)
  final func move(_ next: (GeneratorState.Phase) -> GeneratorState.Phase?) -> GeneratorState {
    var seen = GeneratorState(word: state.load(ordering: .acquiring))
    while let phase = next(seen.phase) {
      let desired = GeneratorState(phase, isInterrupted: seen.isInterrupted)
      let (exchanged, original) = state.compareExchange(
        expected: seen.word, desired: desired.word, ordering: .acquiringAndReleasing)
      if exchanged { break }
      seen = GeneratorState(word: original)
    }
    return seen
  }

  // MARK: The consumer asks

  /// What has come of a demand.
  @usableFromInline
  enum Demand {
    /// The producer has answered: there is a value, or it has ended.
    case answered
    /// It has not, so that the consumer must wait.
    case pending
    /// It is to be started.
    case first
    /// The consumer has left, or the producer had ended before: there is no value.
    case refused
  }

  /// Asks the producer for a value, and lets it work if it waits for that.
  @usableFromInline
  final func demand() throws -> Demand {
    if TaskIdentity.currentAndCancellation.isCancelled { return try demandWhileCancelled() }
    let before = move { phase in
      switch phase {
      case .parked, .parkedInScope, .idle, .unstarted: .demanded
      case .demanded, .awaited:
        preconditionFailure(
          "next was called on a generator while another call of it waits: ask for one value at a time")
      case .closed, .closing, .ended, .over: nil
      }
    }
    switch before.phase {
    case .parked(let continuation):
      lendSurroundings()
      EventLoop.handOver(to: continuation)
      if case .demanded = GeneratorState(word: state.load(ordering: .acquiring)).phase { return .pending }
      return .answered
    case .parkedInScope(let waiter):
      lendSurroundings()
      waiter.finish()
      return .pending
    case .idle:
      lendSurroundings()
      return .pending
    case .unstarted: return .first
    default: return .refused
    }
  }

  /// Whoever is cancelled asks for nothing more; an end that is there already is told.
  private final func demandWhileCancelled() throws -> Demand {
    lendSurroundings()
    switch leave(because: nil).phase {
    case .ended, .over, .closed, .closing: return .refused
    default: throw cancellationError()
    }
  }

  /// Lets the producer see why its consumer is cancelled, and how much time it has.
  final func lendSurroundings() {
    let context = TaskContext.current
    let identity = context.map(ObjectIdentifier.init)
    guard unsafe identity != lender else { return }
    unsafe lender = identity
    surroundings.borrow(context)
  }

  /// Waits until the producer has answered.
  @usableFromInline
  final func waitForAnswer() async throws {
    guard case .demanded = GeneratorState(word: state.load(ordering: .acquiring)).phase else { return }
    let waiter = Waiter()
    let retained = HeldWaiter(waiter)
    let before = move { if case .demanded = $0 { .awaited(retained) } else { nil } }
    guard case .demanded = before.phase else { return retained.release() }
    guard await waiter.wait(for: "a value of a generator") == .cancelled else { return }
    let last = move { if case .awaited = $0 { .closed } else { nil } }
    // Otherwise the producer has answered at the same instant.
    guard case .awaited(let own) = last.phase else { return }
    own.release()
    record?.cancel()
    throw cancellationError()
  }

  /// Says that there is nothing more: throws what the producer has thrown, the first time.
  @usableFromInline
  final func takeEnd() throws {
    let before = move { if case .ended = $0 { .over } else { nil } }
    guard case .ended = before.phase, let error = failure else { return }
    failure = nil
    throw error
  }

  // MARK: Starting

  /// Starts the producer, which runs up to its first suspension.
  @usableFromInline
  final func start(_ body: @escaping @Sendable () async throws -> Void) {
    lendSurroundings()
    let record = source.makeRecord(surroundings)
    self.record = record
    TaskRegistry.shared.insert(record)
    EventLoop.startHere { [self] in
      begin(record)
      do {
        try await body()
        end(nil, record)
      } catch {
        end(error, record)
      }
    }
  }
}
