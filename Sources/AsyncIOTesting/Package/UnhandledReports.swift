// What this package's own tests share.

package import AsyncIORuntime

/// The unhandled errors of the process, for the tests that look for one of theirs.
///
/// The handler is the process's, and tests run beside each other: so it is set once, and keeps all that comes.
package enum UnhandledReports {
  private static let journal: Journal<UnhandledError> = {
    let journal = Journal<UnhandledError>()
    EventLoop.setUnhandledErrorHandler { journal.note($0) }
    return journal
  }()

  /// Begins to keep reports; to be called before there can be one.
  package static func begin() { _ = journal }

  /// The reports of errors that `isMine` knows, oldest first.
  package static func all(where isMine: (any Error) -> Bool) -> [UnhandledError] {
    journal.entries.filter { isMine($0.error) }
  }
}
