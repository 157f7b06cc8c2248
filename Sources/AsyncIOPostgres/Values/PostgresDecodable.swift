/// A value of a row, as the server writes it.
public struct PostgresCell: Sendable {
  /// The value as text; nil for null.
  public let text: String?
  /// The name of its column.
  public let column: String
  /// The number of its type in the server's catalog `pg_type`, such as 23 for `integer`.
  public let type: UInt32

  /// Makes a value, for tests of one's own types.
  public init(text: String?, column: String = "?column?", type: UInt32 = 25) {
    self.text = text
    self.column = column
    self.type = type
  }

  /// What to throw when this value is none of `expected`.
  public func mismatch(with expected: Any.Type) -> PostgresError {
    let type = PostgresTypeNames.name(type)
    guard let text else {
      return PostgresError(
        .typeMismatch,
        "column \"\(column)\" of type \(type) is null here, and was asked for as \(expected): ask for an optional"
      )
    }
    return PostgresError(
      .typeMismatch,
      "column \"\(column)\" of type \(type) is \"\(text.prefix(40))\" here, which is no \(expected)")
  }
}

/// What a value of a row can be read as.
public protocol PostgresDecodable {
  /// Reads a value.
  ///
  /// - Parameter cell: The value.
  /// - Returns: It, as this type.
  /// - Throws: `cell.mismatch(with:)` if it is none of this type.
  static func fromPostgres(_ cell: PostgresCell) throws -> Self

  /// Reads a value as an array: one in the server's notation, where a type does not say otherwise.
  ///
  /// - Throws: `cell.mismatch(with:)` if it is none.
  static func arrayFromPostgres(_ cell: PostgresCell) throws -> [Self]
}

extension PostgresDecodable {
  /// Reads an array of one dimension in the server's notation.
  public static func arrayFromPostgres(_ cell: PostgresCell) throws -> [Self] {
    guard let elements = cell.text.flatMap(PostgresArrayText.read) else {
      throw cell.mismatch(with: [Self].self)
    }
    return try elements.map { try fromPostgres(PostgresCell(text: $0, column: cell.column, type: cell.type)) }
  }
}

extension PostgresDecodable where Self: LosslessStringConvertible {
  /// Reads a value by its text.
  public static func fromPostgres(_ cell: PostgresCell) throws -> Self {
    guard let value = cell.text.flatMap({ Self($0) }) else { throw cell.mismatch(with: Self.self) }
    return value
  }
}

extension Int: PostgresDecodable {}
extension Int16: PostgresDecodable {}
extension Int32: PostgresDecodable {}
extension Int64: PostgresDecodable {}
extension Double: PostgresDecodable {}
extension Float: PostgresDecodable {}
extension String: PostgresDecodable {}
extension UInt8: PostgresDecodable {
  /// An array of bytes is a `bytea`.
  public static func arrayFromPostgres(_ cell: PostgresCell) throws -> [UInt8] {
    guard let bytes = cell.text.flatMap(PostgresHex.read) else { throw cell.mismatch(with: [UInt8].self) }
    return bytes
  }
}
extension Bool: PostgresDecodable {
  /// Reads `t` and `f`.
  public static func fromPostgres(_ cell: PostgresCell) throws -> Bool {
    switch cell.text {
    case "t": true
    case "f": false
    default: throw cell.mismatch(with: Bool.self)
    }
  }
}
extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
  /// Reads a value that may be null.
  public static func fromPostgres(_ cell: PostgresCell) throws -> Wrapped? {
    cell.text == nil ? nil : try Wrapped.fromPostgres(cell)
  }
}
extension Array: PostgresDecodable where Element: PostgresDecodable {
  /// Reads an array of one dimension; of bytes, a `bytea`.
  public static func fromPostgres(_ cell: PostgresCell) throws -> [Element] {
    try Element.arrayFromPostgres(cell)
  }
}

/// Names for people of the types that are met every day.
enum PostgresTypeNames {
  static func name(_ type: UInt32) -> String {
    switch type {
    case 16: "boolean"
    case 17: "bytea"
    case 20: "bigint"
    case 21: "smallint"
    case 23: "integer"
    case 25: "text"
    case 114: "json"
    case 700: "real"
    case 701: "double precision"
    case 1042: "character"
    case 1043: "character varying"
    case 1082: "date"
    case 1114: "timestamp"
    case 1184: "timestamp with time zone"
    case 1700: "numeric"
    case 2950: "uuid"
    case 3802: "jsonb"
    default: "number \(type)"
    }
  }
}
