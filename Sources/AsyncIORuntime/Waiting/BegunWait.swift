// A wait between its two halves. What waits is inlined into the function that waits, without the halves, which are functions that
// do not suspend: so a wait has no async frame of its own.

/// A wait that has begun.
@usableFromInline
struct BegunWait {
  let noted: WaitingList.Serial
  let handler: CancellationHandler
  @usableFromInline let rest: Rest

  /// What is left to be done to wait.
  @usableFromInline
  enum Rest {
    /// The wait has ended.
    case none
    /// The task suspends; where to park is said.
    case parking
    case continuation
  }
}
