import AsyncIOHTTP

/// What URLs that a program makes without end have in common.
enum URLShape {
  /// How often in a row a part of a path may come before it is taken for a circle of relative links.
  private static let repetitions = 4

  /// The URL with `#` for each number, and without the values of its parameters: `/calendar/#/#?view`.
  ///
  /// Parameters stand in the order of their names, so that each choice of them is one shape.
  static func pattern(of url: HTTPURL) -> String {
    var pattern = url.host
    var isInNumber = false
    for byte in url.path.utf8 {
      let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      if !isDigit {
        pattern.unicodeScalars.append(Unicode.Scalar(byte))
      } else if !isInNumber {
        pattern += "#"
      }
      isInNumber = isDigit
    }
    guard let query = url.query else { return pattern }
    let names = Set(query.split(separator: "&").map { $0.prefix { $0 != "=" } })
    return pattern + "?" + names.sorted().joined(separator: "&")
  }

  /// Whether one to three segments come four times in a row, as in `/a/b/a/b/a/b/a/b/`.
  static func isRepeating(_ path: String) -> Bool {
    let segments = path.split(separator: "/")
    for length in 1...3 where segments.count >= length * repetitions {
      var run = 0
      for index in length..<segments.count {
        run = segments[index] == segments[index - length] ? run + 1 : 0
        if run == length * (repetitions - 1) { return true }
      }
    }
    return false
  }
}
