import Synchronization

/// A window that is being resized: each look at it sees the next width, and at last always the same.
final class Widths: Sendable {
  private let widths: Mutex<[Int]>

  /// A window with these widths in turn, at least one.
  init(_ widths: [Int]) {
    self.widths = Mutex(widths)
  }

  /// The width at this look.
  @Sendable func next() -> Int {
    widths.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
  }
}
