// A test's body, kept beyond the call that brought it.
//
// Swift Testing hands the body to a trait as a parameter that must not escape, which means that the trait may never give
// up on it: one test that hangs would hang the whole run. The closure behind the parameter is an ordinary one on the
// heap (the library keeps its traits' scopes as closures around each other), so all that is needed to keep it is to
// retain it. `withoutActuallyEscaping` cannot be used, as it ends the process when the closure is kept.

/// Retains a closure that came as a non-escaping parameter.
struct EscapingBody: Sendable {
  typealias Body = @concurrent @Sendable () async throws -> Void

  let body: Body

  private init(kept body: @escaping Body) { self.body = body }

  init(_ body: Body) {
    let keep: (@escaping Body) -> EscapingBody = { EscapingBody(kept: $0) }
    // The two types differ in nothing but the promise of the parameter: a closure is passed as a function and a
    // context, borrowed, in both.
    self = unsafe unsafeBitCast(keep, to: ((Body) -> EscapingBody).self)(body)
  }
}
