// How the body of a scope runs: as a task of its own, on the caller's thread and actor, at once.
//
// The caller waits for that task, whatever happens: so the body is never used from two places at once, need be neither
// `@Sendable` nor escaping, and may use what its caller may use. If it ends without having suspended, no timer is set and no
// cancellation handler is installed.
//
// The function is inlinable, so that in the caller's module it becomes code for the caller's types: a timeout around an
// operation that is ready costs a task and little else. Code that is isolated to nothing on a loop under the language takes the
// first branch: a task without executor preference is made without a lock and switches without one.

public import AsyncIORuntime

/// Runs `body` in a new task under `scope`, and waits for its end.
@inlinable
func run<Result>(
  in scope: ScopeContext, isolation: isolated (any Actor)?, _ body: () async throws -> Result
) async throws -> Result {
  try await withoutActuallyEscaping(body) { body in
    _ = isolation
    // Captured as it is: a closure inside of a generic value would be called through two more functions. The task uses it while
    // this function waits.
    nonisolated(unsafe) let work = body
    let task: Task<Handed<Result>, any Error>
    if isolation == nil, scope.startsPlainly {
      unsafe task = Task.immediate { () async throws -> Handed<Result> in
        scope.enter()
        defer { scope.leave() }
        return unsafe Handed(try await work())
      }
    } else {
      unsafe task = startElsewhere(in: scope, isolation: isolation, Handed(work))
    }
    if !scope.isLeft { await scope.waitUntilLeft() }
    return unsafe try await task.value.value
  }
}

/// Makes the task where the caller is isolated, or the loop is not under the language.
@usableFromInline
func startElsewhere<Result>(
  in scope: ScopeContext, isolation: isolated (any Actor)?, _ body: Handed<() async throws -> Result>
) -> Task<Handed<Result>, any Error> {
  unsafe EventLoop.makeChild { [isolation] () async throws -> Handed<Result> in
    _ = isolation
    scope.enter()
    defer { scope.leave() }
    return unsafe Handed(try await body.value())
  }
}

/// A value that is handed between tasks of which one waits for the other.
@unsafe @usableFromInline
struct Handed<Value>: @unchecked Sendable {
  @usableFromInline let value: Value

  @inlinable
  init(_ value: Value) { unsafe self.value = value }
}
