/// A statement that the server has refused, a connection that could not be made or was lost, or a value that does not fit.
///
/// ```swift
/// do { try await connection.execute("INSERT INTO users (name) VALUES (\(name))") }
/// catch let error as PostgresError where error.sqlState == .uniqueViolation { … }
/// ```
public struct PostgresError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    /// The server has refused the statement; `sqlState` tells why.
    public static let refused = Code(description: "refused")
    /// No connection could be made: there is no server, or it lets nobody in with this name and password.
    public static let connectionFailed = Code(description: "connection failed")
    /// The connection was lost; whether the statement has taken effect is unknown.
    public static let connectionLost = Code(description: "connection lost")
    /// The connection was closed in this process.
    public static let closed = Code(description: "closed")
    /// The connection is giving rows or notifications, and cannot do anything else meanwhile.
    public static let busy = Code(description: "busy")
    /// A value of a row is not of the type that it was asked for, or there is no such column.
    public static let typeMismatch = Code(description: "type mismatch")
    /// A statement or a parameter that cannot be sent.
    public static let invalid = Code(description: "invalid")
    /// Not the number of rows that was asked for.
    public static let unexpectedRows = Code(description: "unexpected rows")
  }

  /// What kind of failure it is.
  public var code: Code
  /// What has happened, for people.
  public var message: String
  /// The server's own code, where it has said one.
  public var sqlState: SQLState?
  /// `ERROR`, `FATAL` or `PANIC`, where the server has said one.
  public var severity: String?
  /// More about what has happened.
  public var detail: String?
  /// What to do about it.
  public var hint: String?
  /// Where in the statement it is, in characters, from 1.
  public var position: Int?
  /// The statement.
  public var statement: String?
  /// Where in a function of the server it has happened.
  public var context: String?
  /// The constraint, table and column that it is about.
  public var constraint: String?
  /// The table that it is about.
  public var table: String?
  /// The column that it is about.
  public var column: String?

  /// Describes a failure.
  public init(_ code: Code, _ message: String, sqlState: SQLState? = nil, statement: String? = nil) {
    self.code = code
    self.message = message
    self.sqlState = sqlState
    self.statement = statement
  }

  /// What has happened, with the server's code, where in the statement it is, and what to do about it.
  public var description: String {
    var text = sqlState.map { "\(code) (\($0)): \(message)" } ?? "\(code): \(message)"
    if let detail { text += "; \(detail)" }
    if let hint { text += "; hint: \(hint)" }
    if let context { text += "; \(context.split(separator: "\n").joined(separator: "; "))" }
    if let statement { text += "; in: \(Self.excerpt(of: statement, at: position))" }
    return text
  }

  /// A part of the statement that fits into a message, with a mark where the error is.
  private static func excerpt(of statement: String, at position: Int?) -> String {
    let length = 80
    // Positions count characters as PostgreSQL sees them, which are Unicode's scalars.
    let scalars = Array(statement.unicodeScalars)
    let mark = position.map { min(max(0, $0 - 1), scalars.count) }
    let start = max(0, (mark ?? 0) - length / 2)
    let end = min(scalars.count, start + length)
    var text = String.UnicodeScalarView()
    if start > 0 { text.append("…") }
    for index in start..<end {
      if index == mark { text.append(contentsOf: "⟨here⟩".unicodeScalars) }
      text.append(scalars[index])
    }
    if end == mark { text.append(contentsOf: "⟨here⟩".unicodeScalars) }
    if end < scalars.count { text.append("…") }
    return String(text)
  }
}
