/// A value as it is sent to the server, in place of a parameter of a statement.
public enum PostgresParameter: Sendable, Hashable {
  /// No value.
  case null
  /// A value as the server reads it from text; it finds out the type from the statement.
  case text(String)
  /// Bytes for a `bytea`.
  case bytes([UInt8])
}

/// What can be a parameter of a statement.
///
/// Numbers, strings, `Bool`, `[UInt8]` (for a `bytea`), `Date`, `UUID`, optionals of them and arrays of them can be.
public protocol PostgresEncodable: Sendable {
  /// The value as it is sent.
  var postgresParameter: PostgresParameter { get }

  /// An array of such values as it is sent: an array in the server's notation, where a type does not say otherwise.
  static func postgresParameter(of array: [Self]) -> PostgresParameter
}

extension PostgresEncodable {
  /// An array in the server's notation, such as `{1,2,3}`.
  public static func postgresParameter(of array: [Self]) -> PostgresParameter {
    .text(PostgresArrayText.write(array.map(\.postgresParameter)))
  }
}

extension Int: PostgresEncodable {
  /// The digits.
  public var postgresParameter: PostgresParameter { .text(String(self)) }
}
extension Int16: PostgresEncodable {
  /// The digits.
  public var postgresParameter: PostgresParameter { .text(String(self)) }
}
extension Int32: PostgresEncodable {
  /// The digits.
  public var postgresParameter: PostgresParameter { .text(String(self)) }
}
extension Int64: PostgresEncodable {
  /// The digits.
  public var postgresParameter: PostgresParameter { .text(String(self)) }
}
extension UInt8: PostgresEncodable {
  /// The digits.
  public var postgresParameter: PostgresParameter { .text(String(self)) }

  /// An array of bytes is a `bytea`.
  public static func postgresParameter(of array: [UInt8]) -> PostgresParameter { .bytes(array) }
}
extension Double: PostgresEncodable {
  /// The shortest digits that give this value again.
  public var postgresParameter: PostgresParameter { .text(String(self)) }
}
extension Float: PostgresEncodable {
  /// The shortest digits that give this value again.
  public var postgresParameter: PostgresParameter { .text(String(self)) }
}
extension Bool: PostgresEncodable {
  /// `t` or `f`.
  public var postgresParameter: PostgresParameter { .text(self ? "t" : "f") }
}
extension String: PostgresEncodable {
  /// The text itself.
  public var postgresParameter: PostgresParameter { .text(self) }
}
extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
  /// The value, or null.
  public var postgresParameter: PostgresParameter { self?.postgresParameter ?? .null }
}
extension Array: PostgresEncodable where Element: PostgresEncodable {
  /// An array in the server's notation; of bytes, a `bytea`.
  public var postgresParameter: PostgresParameter { Element.postgresParameter(of: self) }

  /// An array of more dimensions.
  public static func postgresParameter(of array: [Self]) -> PostgresParameter {
    .text(PostgresArrayText.write(array.map(\.postgresParameter), areArrays: true))
  }
}
extension PostgresParameter: PostgresEncodable {
  /// Itself.
  public var postgresParameter: PostgresParameter { self }
}
