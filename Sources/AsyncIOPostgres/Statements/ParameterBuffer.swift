// The parameters of a statement as C wants them: pointers into one piece of memory.

/// Parameters laid out for a call of libpq.
struct ParameterBuffer {
  private var bytes: [UInt8] = []
  private var offsets: [Int?] = []
  /// How much memory the values take.
  var byteCount: Int { bytes.count }
  private(set) var lengths: [CInt] = []
  private(set) var formats: [CInt] = []

  /// Lays out parameters.
  ///
  /// - Throws: `PostgresError` for a text with a zero character, which would end it early.
  init(_ statement: PostgresStatement) throws {
    for (index, parameter) in statement.parameters.enumerated() {
      offsets.append(parameter == .null ? nil : bytes.count)
      switch parameter {
      case .null: note(0, isBinary: false)
      case .text(let text):
        guard !text.utf8.contains(0) else {
          throw PostgresError(
            .invalid,
            "the text of parameter $\(index + 1) has a zero character in it, which PostgreSQL cannot store",
            statement: statement.sql)
        }
        note(text.utf8.count, isBinary: false)
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
      case .bytes(let value):
        note(value.count, isBinary: true)
        bytes.append(contentsOf: value)
        bytes.append(0)
      }
    }
  }

  private mutating func note(_ length: Int, isBinary: Bool) {
    lengths.append(CInt(clamping: length))
    formats.append(isBinary ? 1 : 0)
  }

  /// Calls `body` with the pointers, which are valid meanwhile.
  func withPointers<Result>(_ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result) -> Result {
    unsafe bytes.withUnsafeBytes { buffer in
      let start = unsafe buffer.assumingMemoryBound(to: CChar.self).baseAddress
      let pointers = unsafe offsets.map { offset in
        unsafe offset.flatMap { offset in unsafe start.map { unsafe $0 + offset } }
      }
      return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
    }
  }
}
