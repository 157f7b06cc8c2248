// What of a generator's run depends on the type of its values: the place for one of them. It is inlinable, so that in the caller's
// module it becomes code for the caller's types.
//
// Whose the place is at which time is argued in GeneratorCore.swift.

import AsyncIORuntime

/// One run of a generator.
@usableFromInline
@safe final class GeneratorRun<Element: Sendable>: GeneratorCore, @unchecked Sendable {
  // Sendable: see GeneratorCore.swift.
  @usableFromInline let body:
    @Sendable @isolated(any) (sending AsyncGenerator<Element>.Yield) async throws -> Void
  @exclusivity(unchecked) @usableFromInline final var place: Element?

  @inlinable
  init(_ generator: AsyncGenerator<Element>, isScoped: Bool = false) {
    body = generator.body
    unsafe place = nil
    super.init(generator.source, isScoped: isScoped)
  }

  /// The value, which is taken out.
  @inlinable
  func take() -> Element? {
    unsafe place.take()
  }

  /// Asks for a value and waits for it; nil at the end.
  @inlinable
  func next() async throws -> Element? {
    switch try demand() {
    case .answered: break
    case .pending: try await waitForAnswer()
    case .first:
      start { [self] in try await body(AsyncGenerator<Element>.Yield(self)) }
      try await waitForAnswer()
    case .refused:
      // The place is not the consumer's: a producer that was left at that moment may be about to write there.
      try takeEnd()
      return nil
    }
    if let value = take() { return value }
    try takeEnd()
    return nil
  }

  /// Gives a value and waits until the next is asked for.
  @inlinable
  func give(_ value: Element) async throws {
    var giving = try prepareToGive()
    while giving == .later {
      try await waitForDemand(hasGiven: false)
      giving = try prepareToGive()
    }
    unsafe place = value
    if giving == .inScope { return try await waitForDemand(hasGiven: true) }
    unsafe await withUnsafeContinuation { continuation in
      unsafe park(continuation)
    }
    try checkDemand()
  }
}

/// A consumer's hold on a run: when it goes away, the consumer has left.
@usableFromInline
final class GeneratorConsumer<Element: Sendable> {
  @usableFromInline let run: GeneratorRun<Element>

  @inlinable
  init(_ run: GeneratorRun<Element>) { self.run = run }

  deinit { run.abandon() }
}
