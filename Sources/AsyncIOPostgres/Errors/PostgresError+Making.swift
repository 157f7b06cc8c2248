// Errors out of what libpq says.

internal import CPostgreSQL

extension PostgresError {
  /// The error that a result tells.
  ///
  /// - Parameters:
  ///   - result: One whose status is a failure.
  ///   - isLost: Whether the connection has gone with it.
  ///   - statement: What was sent.
  init(result: OpaquePointer?, isLost: Bool, statement: String?) {
    func field(_ letter: Unicode.Scalar) -> String? {
      unsafe PQresultErrorField(result, CInt(letter.value)).map { unsafe String(cString: $0) }
    }
    let whole = unsafe String(cString: PQresultErrorMessage(result))
    self.init(
      isLost ? .connectionLost : .refused, field("M") ?? Self.trimmed(whole),
      sqlState: field("C").map(SQLState.init(rawValue:)), statement: statement)
    severity = field("V")
    detail = field("D")
    hint = field("H")
    position = field("P").flatMap { Int($0) }
    context = field("W")
    constraint = field("n")
    table = field("t")
    column = field("c")
  }

  /// The error that a connection tells, where there is no result.
  init(connection: OpaquePointer?, statement: String?) {
    let isLost = unsafe PQstatus(connection) == CONNECTION_BAD
    self.init(
      isLost ? .connectionLost : .invalid, Self.trimmed(unsafe String(cString: PQerrorMessage(connection))),
      statement: statement)
  }

  /// The error of a connection that could not be made, and that was told to be verbose: the one way to learn the server's code.
  ///
  /// The text is one like `connection to server … failed: FATAL:  28P01: password authentication failed for user "x"`, with a
  /// line `LOCATION:  …` behind it.
  init(failedConnection connection: OpaquePointer?) {
    let lines = unsafe String(cString: PQerrorMessage(connection)).split(separator: "\n")
    let text = lines.filter { !$0.hasPrefix("LOCATION:") }.joined(separator: "; ")
    var state: SQLState?
    var words: [Substring] = []
    // There is one for each attempt: with TLS and without, and for each address.
    for word in text.split(separator: " ") {
      if Self.isState(word) {
        state = SQLState(rawValue: String(word.dropLast()))
      } else {
        words.append(word)
      }
    }
    self.init(.connectionFailed, words.joined(separator: " "), sqlState: state)
  }

  /// Whether a word is a code with a colon behind it.
  private static func isState(_ word: Substring) -> Bool {
    word.utf8.count == 6 && word.last == ":" && word.contains(where: \.isNumber)
      && word.dropLast().allSatisfy { $0.isASCII && ($0.isUppercase || $0.isNumber) }
  }

  /// Without the word that libpq begins with and the newline that it ends with.
  private static func trimmed(_ text: String) -> String {
    text.split(separator: "\n").joined(separator: "; ")
  }
}
