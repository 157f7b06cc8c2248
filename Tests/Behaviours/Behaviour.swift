// What must hold everywhere: on the deterministic loop, on a loop in real time, under the language with one loop or with
// two, and on the language's own executor where there is no loop at all.
//
// A behaviour says nothing about time but that it passes, and nothing about the order of tasks but what their code enforces:
// they wait for each other at gates, or for ever until they are cancelled. So it holds whatever the threads do, and neither
// sleeps in hope nor races. It throws what it finds wrong, as it runs in programs too, which have no test library.

/// Something that the library does, whatever runs its tasks.
package struct Behaviour: Sendable, CustomStringConvertible {
  /// What it does.
  package let name: String
  /// Shows it; throws if it does not hold.
  package let run: @Sendable () async throws -> Void

  init(_ name: String, _ run: @escaping @Sendable () async throws -> Void) {
    self.name = name
    self.run = run
  }

  package var description: String { name }

  /// All that there are.
  package static var all: [Behaviour] { groups.flatMap { $0 } }

  private static var groups: [[Behaviour]] {
    [
      sleeping, tasks, eagerStarts, gathering, completing, racing, timeouts, cancelScopes, shields, reasons,
      scopes, failingScopes, cancelledScopes, threads, generators, isolation,
    ]
  }
}

/// What does not hold, and where that was found.
package struct BehaviourFailure: Error, CustomStringConvertible {
  package let description: String
}

/// Throws unless `condition` holds.
func expect(_ condition: Bool, fileID: StaticString = #fileID, line: UInt = #line) throws {
  guard condition else { throw BehaviourFailure(description: "\(fileID):\(line): does not hold") }
}

/// Throws unless the two are equal.
func expect<Value: Equatable>(
  _ value: Value, equals expected: Value, fileID: StaticString = #fileID, line: UInt = #line
) throws {
  guard value == expected else {
    throw BehaviourFailure(description: "\(fileID):\(line): \(value) is not \(expected)")
  }
}

/// Throws unless `body` throws `expected`.
func expect<Expected: Error & Equatable>(
  throws expected: Expected, fileID: StaticString = #fileID, line: UInt = #line,
  _ body: () async throws -> some Any
) async throws {
  do {
    let value = try await body()
    throw BehaviourFailure(description: "\(fileID):\(line): \(value) was returned, and no \(expected) thrown")
  } catch let error as Expected where error == expected {
  }
}

/// Throws unless `body` throws a `CancellationError`.
func expectCancellation(
  fileID: StaticString = #fileID, line: UInt = #line, _ body: () async throws -> some Any
) async throws {
  do {
    let value = try await body()
    throw BehaviourFailure(
      description: "\(fileID):\(line): \(value) was returned, and no cancellation thrown")
  } catch is CancellationError {
  }
}
