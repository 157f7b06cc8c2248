import ArgumentParser

/// Where the queue of a run is, as given on the command line: `postgres:host=db dbname=jobs` or `postgresql://db/jobs`.
struct FetchQueueAddress: Sendable, Equatable {
  /// The address as libpq takes it; empty for what its environment variables say.
  var server: String

  /// Reads an address.
  ///
  /// - Throws: `ValidationError`, which says how to write it.
  init(parsing text: String) throws {
    if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
      server = text
    } else if text.hasPrefix("postgres:") {
      server = String(text.dropFirst("postgres:".count))
    } else {
      throw ValidationError("Write a queue as postgres://host/database or 'postgres:host=… dbname=…'.")
    }
  }

  /// What the names of tables, indexes and sequences of a run end in, after the name of the run.
  private static let endings = ["_urls", "_visible", "_key", "_pkey", "_seq"]

  /// Makes sure that `name` can be that of a run: it becomes a part of names of tables, which are not to be those of another run.
  ///
  /// - Throws: `ValidationError`, which says what a name is like.
  static func checkName(_ name: String) throws {
    let isName =
      (1...32).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
      }
    guard isName else {
      throw ValidationError("'--run' must be up to 32 small letters, digits, '-' and '_'.")
    }
    if let ending = endings.first(where: name.hasSuffix) {
      throw ValidationError("'--run' must not end in '\(ending)', as names of tables of another run may.")
    }
  }
}
