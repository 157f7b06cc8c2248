/// A code of five characters that says what a server has against a statement (PostgreSQL's documentation, appendix A).
public struct SQLState: Sendable, Hashable, RawRepresentable, ExpressibleByStringLiteral,
  CustomStringConvertible
{
  /// The five characters.
  public let rawValue: String

  /// A code.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// A code.
  public init(stringLiteral value: String) { rawValue = value }

  /// The five characters.
  public var description: String { rawValue }

  /// The first two characters: the class of codes that it belongs to, such as `23` for all violated constraints.
  public var category: String { String(rawValue.prefix(2)) }

  /// A row with this key is there already.
  public static let uniqueViolation: SQLState = "23505"
  /// A row that is referred to is not there, or one that is removed is referred to.
  public static let foreignKeyViolation: SQLState = "23503"
  /// A value is missing that must be there.
  public static let notNullViolation: SQLState = "23502"
  /// A value is against a `CHECK`.
  public static let checkViolation: SQLState = "23514"
  /// The text of a value cannot be read as its type.
  public static let invalidTextRepresentation: SQLState = "22P02"
  /// A number is divided by zero.
  public static let divisionByZero: SQLState = "22012"
  /// The statement cannot be read.
  public static let syntaxError: SQLState = "42601"
  /// There is no such table.
  public static let undefinedTable: SQLState = "42P01"
  /// There is no such column.
  public static let undefinedColumn: SQLState = "42703"
  /// Not allowed to this user.
  public static let insufficientPrivilege: SQLState = "42501"
  /// The password is not that of the user.
  public static let invalidPassword: SQLState = "28P01"
  /// There is no such database.
  public static let undefinedDatabase: SQLState = "3D000"
  /// Two transactions cannot both have been the first: repeat this one.
  public static let serializationFailure: SQLState = "40001"
  /// Transactions wait for each other: repeat this one.
  public static let deadlockDetected: SQLState = "40P01"
  /// An earlier statement of the transaction has failed: only a rollback is possible.
  public static let inFailedTransaction: SQLState = "25P02"
  /// The statement was cancelled, or took longer than `statement_timeout`.
  public static let queryCanceled: SQLState = "57014"
  /// The server shuts down, or somebody has ended this connection.
  public static let adminShutdown: SQLState = "57P01"
  /// The server does not take connections yet, or no more.
  public static let cannotConnectNow: SQLState = "57P03"
  /// The server has no room for another connection.
  public static let tooManyConnections: SQLState = "53300"
  /// A lock could not be had at once, or within `lock_timeout`.
  public static let lockNotAvailable: SQLState = "55P03"
  static let featureNotSupported: SQLState = "0A000"
  static let invalidStatementName: SQLState = "26000"
}
