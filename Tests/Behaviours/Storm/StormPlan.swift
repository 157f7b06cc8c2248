/// What a storm does: a tree of combinators with operations at its leaves.
indirect enum StormPlan: Sendable {
  /// An operation.
  struct Leaf: Sendable {
    /// What it does, after a delay or without.
    enum Deed: CaseIterable, Sendable {
      case returns, givesWay, sleeps, ignoresCancellation, cleansUp, blocksAThread, throwsAnError,
        throwsACancellation, cancelsItself
    }

    /// Which leaf of the storm it is.
    var number: Int
    var deed: Deed
    var delay: Duration
  }

  case leaf(Leaf)
  case gather([StormPlan], limit: Int?)
  /// Left after so many results, if not nil.
  case asCompleted([StormPlan], limit: Int?, leavesAfter: Int?)
  case timeout(Duration, StormPlan)
  /// A task of its own, which is awaited, and cancelled after a while if not nil.
  case task(StormPlan, cancelledAfter: Duration?)
  /// Tasks of one scope, one of which may cancel it after a while.
  case scope([StormPlan], cancelledAfter: Duration?)
  /// The first end decides; the others are cancelled and awaited.
  case race([StormPlan])
  /// Errors are put in their places.
  case results([StormPlan])
  /// Cancellations from outside are kept away.
  case shield(StormPlan)
  /// A task of its own that nobody waits for.
  case forgotten(Leaf)
  /// An error is caught, and nothing is the result.
  case caught(StormPlan)

  private var children: [StormPlan] {
    switch self {
    case .leaf, .forgotten: []
    case .gather(let plans, _), .asCompleted(let plans, _, _), .scope(let plans, _), .race(let plans),
      .results(let plans):
      plans
    case .timeout(_, let plan), .task(let plan, _), .caught(let plan), .shield(let plan): [plan]
    }
  }

  /// The leaves whose numbers are the result if all goes well.
  var leaves: [Leaf] {
    if case .leaf(let leaf) = self { [leaf] } else { children.flatMap(\.leaves) }
  }

  /// Whether a result has the numbers of all leaves.
  var isComplete: Bool {
    switch self {
    case .caught, .forgotten, .race, .results, .scope: false
    case .asCompleted(_, _, leavesAfter: .some): false
    default: children.allSatisfy(\.isComplete)
    }
  }

  /// Whether time may end it.
  var mayTimeOut: Bool {
    if case .timeout = self { true } else { children.contains(where: \.mayTimeOut) }
  }

  /// Whether it may end by a cancellation although nobody cancels it from outside.
  var mayCancelItself: Bool {
    switch self {
    case .leaf(let leaf): leaf.deed == .throwsACancellation || leaf.deed == .cancelsItself
    case .task(_, cancelledAfter: .some), .scope(_, cancelledAfter: .some): true
    default: children.contains(where: \.mayCancelItself)
    }
  }
}
