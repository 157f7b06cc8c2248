/// A statement, with its parameters apart from its text.
///
/// ```swift
/// let rows = try await connection.query("SELECT * FROM users WHERE name = \(name) AND age > \(age)")
/// ```
///
/// A value in the text becomes a parameter: the text that is sent is `… name = $1 AND age > $2`. So a value is never taken for a
/// part of the statement, and one statement with other values is prepared once.
public struct PostgresStatement: Sendable, Hashable, ExpressibleByStringInterpolation, CustomStringConvertible
{
  /// The text, with `$1`, `$2` and so on for the parameters.
  public let sql: String
  /// The values of `$1`, `$2` and so on.
  public let parameters: [PostgresParameter]

  /// Makes a statement out of a text that stands nowhere in the program, and its parameters.
  ///
  /// - Parameters:
  ///   - sql: The text, with `$1`, `$2` and so on.
  ///   - parameters: Their values.
  public init(_ sql: String, _ parameters: [any PostgresEncodable] = []) {
    self.sql = sql
    self.parameters = parameters.map(\.postgresParameter)
  }

  /// A statement without parameters.
  public init(stringLiteral value: String) {
    sql = value
    parameters = []
  }

  /// A statement with values in its text.
  public init(stringInterpolation: StringInterpolation) {
    sql = stringInterpolation.sql
    parameters = stringInterpolation.parameters
  }

  /// The text.
  public var description: String { sql }

  /// Collects a text and the values in it.
  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var sql = ""
    fileprivate var parameters: [PostgresParameter] = []

    /// Begins with an empty text.
    public init(literalCapacity: Int, interpolationCount: Int) {
      sql.reserveCapacity(literalCapacity + interpolationCount * 3)
      parameters.reserveCapacity(interpolationCount)
    }

    /// Adds text.
    public mutating func appendLiteral(_ literal: String) { sql += literal }

    /// Adds a parameter.
    public mutating func appendInterpolation(_ value: some PostgresEncodable) {
      parameters.append(value.postgresParameter)
      sql += "$\(parameters.count)"
    }

    /// Adds a parameter that may be null.
    public mutating func appendInterpolation(_ value: (some PostgresEncodable)?) {
      parameters.append(value?.postgresParameter ?? .null)
      sql += "$\(parameters.count)"
    }

    /// Adds the name of a table or a column, in quotes.
    public mutating func appendInterpolation(name: String) { sql += PostgresStatement.quoted(name) }

    /// Adds text as it is: never one that comes from outside of the program.
    public mutating func appendInterpolation(unsafe text: String) { sql += text }
  }

  static func quoted(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
