/// A row of a result.
///
/// ```swift
/// let name = try row["name", as: String.self]
/// let age = try row["age", as: Int?.self]
/// let user = try row.decode(User.self)
/// ```
public struct PostgresRow: Sendable, CustomStringConvertible {
  let result: ResultHandle
  let index: Int
  let names: PostgresColumns

  /// The columns, in their order.
  public var columns: [PostgresColumn] { names.all }

  /// The value of a column.
  ///
  /// - Parameters:
  ///   - name: The name of the column; the first of those that have it.
  ///   - type: What to read it as.
  /// - Throws: `PostgresError` with the code `typeMismatch` where there is no such column, or its value is none of that type.
  public subscript<Value: PostgresDecodable>(name: String, as type: Value.Type) -> Value {
    get throws { try Value.fromPostgres(cell(try index(of: name))) }
  }

  /// The value of a column.
  ///
  /// - Parameters:
  ///   - column: The number of the column, from 0.
  ///   - type: What to read it as.
  /// - Throws: `PostgresError` with the code `typeMismatch` where the value is none of that type.
  public subscript<Value: PostgresDecodable>(column: Int, as type: Value.Type) -> Value {
    get throws {
      precondition(
        columns.indices.contains(column),
        "a row of \(columns.count) columns has none with the number \(column)")
      return try Value.fromPostgres(cell(column))
    }
  }

  /// The value of a column as the server writes it; nil for null, and where there is no such column.
  public func text(_ name: String) -> String? { names.index(of: name).flatMap { result.text(index, $0) } }

  /// The names and values, for people.
  public var description: String {
    columns.indices.map { "\(columns[$0].name): \(result.text(index, $0) ?? "null")" }.joined(separator: ", ")
  }

  func index(of name: String) throws -> Int {
    if let index = names.index(of: name) { return index }
    let there = columns.map(\.name).joined(separator: ", ")
    throw PostgresError(.typeMismatch, "there is no column \"\(name)\" in the row: there are \(there)")
  }

  func cell(_ column: Int) -> PostgresCell {
    PostgresCell(text: result.text(index, column), column: columns[column].name, type: columns[column].type)
  }
}

/// The rows that a statement has given, all of them.
public struct PostgresResult: Sendable, RandomAccessCollection {
  let result: ResultHandle
  private let names: PostgresColumns
  /// How many rows the statement has given, or touched if it gives none.
  public let affectedRows: Int

  init(_ result: ResultHandle) {
    self.result = result
    names = result.columns
    affectedRows = result.affectedCount
  }

  /// The columns, in their order.
  public var columns: [PostgresColumn] { names.all }
  /// Always 0.
  public var startIndex: Int { 0 }
  /// How many rows there are.
  public var endIndex: Int { result.rowCount }

  /// One of the rows.
  public subscript(position: Int) -> PostgresRow {
    precondition(indices.contains(position), "a result of \(count) rows has none with the number \(position)")
    return PostgresRow(result: result, index: position, names: names)
  }
}
