// Rows as values of the program's own types, by the language's `Decodable`: a property is read from the column of its name.

extension PostgresRow {
  /// The row as a value.
  ///
  /// ```swift
  /// struct User: Decodable { var id: Int, name: String, email: String? }
  /// let user = try row.decode(User.self)
  /// ```
  ///
  /// A property is read from the column of its name, or of the name that its coding key says. A type that is itself the value
  /// of a column, such as `Int`, is read from the only one.
  ///
  /// - Parameter type: What to read it as.
  /// - Returns: The value.
  /// - Throws: `PostgresError` with the code `typeMismatch` where a column is missing, or its value is none of the property's type;
  ///   what the type's own decoding throws.
  public func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    if Value.self is any PostgresDecodable.Type {
      guard columns.count == 1 else {
        throw PostgresError(
          .typeMismatch,
          "a row of \(columns.count) columns cannot be read as one \(type): select one, or read them by name")
      }
      return try RowDecoder.read(cell(0), as: Value.self)
    }
    return try Value(from: RowDecoder(row: self))
  }
}

private struct RowDecoder: Decoder {
  let row: PostgresRow
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(RowContainer<Key>(row: row))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    throw PostgresError(.typeMismatch, "a row cannot be read as a sequence: its values have names")
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    guard row.columns.count == 1 else {
      throw PostgresError(.typeMismatch, "a row of \(row.columns.count) columns cannot be read as one value")
    }
    return CellContainer(cell: row.cell(0))
  }

  /// Reads one value: by itself where the type can, otherwise by its own decoding from a single value.
  static func read<Value: Decodable>(_ cell: PostgresCell, as type: Value.Type) throws -> Value {
    if let readable = Value.self as? any PostgresDecodable.Type,
      let value = try readable.fromPostgres(cell) as? Value
    {
      return value
    }
    return try Value(from: CellDecoder(cell: cell))
  }
}

private struct RowContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let row: PostgresRow
  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { row.columns.compactMap { Key(stringValue: $0.name) } }

  func contains(_ key: Key) -> Bool { row.names.index(of: key.stringValue) != nil }

  func decodeNil(forKey key: Key) throws -> Bool {
    row.result.text(row.index, try row.index(of: key.stringValue)) == nil
  }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try RowDecoder.read(row.cell(try row.index(of: key.stringValue)), as: type)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> { throw nested(key) }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw nested(key) }

  func superDecoder() throws -> any Decoder { RowDecoder(row: row) }

  func superDecoder(forKey key: Key) throws -> any Decoder {
    CellDecoder(cell: row.cell(try row.index(of: key.stringValue)))
  }

  private func nested(_ key: Key) -> PostgresError {
    PostgresError(.typeMismatch, "column \"\(key.stringValue)\" is one value, and cannot be read as several")
  }
}

private struct CellDecoder: Decoder {
  let cell: PostgresCell
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    throw PostgresError(
      .typeMismatch, "column \"\(cell.column)\" is one value, and cannot be read as several")
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    throw PostgresError(
      .typeMismatch, "column \"\(cell.column)\" is one value, and cannot be read as several")
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { CellContainer(cell: cell) }
}

private struct CellContainer: SingleValueDecodingContainer {
  let cell: PostgresCell
  var codingPath: [any CodingKey] { [] }

  func decodeNil() -> Bool { cell.text == nil }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    if let readable = Value.self as? any PostgresDecodable.Type,
      let value = try readable.fromPostgres(cell) as? Value
    {
      return value
    }
    // Numbers and the like that are no values of a column of their own.
    if let readable = Value.self as? any LosslessStringConvertible.Type {
      guard let text = cell.text, let value = readable.init(text) as? Value else {
        throw cell.mismatch(with: type)
      }
      return value
    }
    return try Value(from: CellDecoder(cell: cell))
  }
}
