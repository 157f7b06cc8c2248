/// A column of a result.
public struct PostgresColumn: Sendable, Hashable {
  /// Its name; several columns may have the same.
  public let name: String
  /// The number of its type in the server's catalog `pg_type`, such as 23 for `integer`.
  public let type: UInt32
}

/// The columns of a result, shared by its rows.
final class PostgresColumns: Sendable {
  let all: [PostgresColumn]
  private let indices: [String: Int]

  init(_ all: [PostgresColumn]) {
    self.all = all
    // Few are found faster one by one.
    indices = all.count <= 8 ? [:] : Dictionary(all.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  func index(of name: String) -> Int? {
    indices.isEmpty ? all.firstIndex { $0.name == name } : indices[name]
  }
}
