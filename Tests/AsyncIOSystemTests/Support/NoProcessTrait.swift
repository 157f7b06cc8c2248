import AsyncIOCoordination
import Glibc
import Testing

/// Counts what this process alone of all in the test run has: pidfds and listeners to directories.
struct NoProcessTrait: TestTrait, SuiteTrait, TestScoping {
  let isRecursive = true

  /// Tests that count take turns.
  private static let turn = AsyncLock()

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    try await Self.turn.withLock {
      let isCounted = { (name: String) in ["anon_inode:[pidfd]", "anon_inode:inotify"].contains(name) }
      let before = descriptors(where: isCounted)
      try await function()
      #expect(descriptors(where: isCounted) == before, "descriptors are left")
    }
  }
}

extension Trait where Self == NoProcessTrait {
  /// A test that leaves a pidfd or an inotify descriptor behind fails; such tests run one at a time.
  ///
  /// To be the first of a test's traits, so that waiting for its turn does not count for the deadline.
  static var leavesNoProcess: Self { NoProcessTrait() }
}

/// How many descriptors this process has of some kinds, as the system names them.
func descriptors(where isCounted: (String) -> Bool) -> Int {
  (0..<1024).count { number in
    var name = [CChar](repeating: 0, count: 256)
    let length = unsafe readlink("/proc/self/fd/\(number)", &name, 255)
    return length > 0
      && isCounted(String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }
}
