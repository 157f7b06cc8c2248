/// Reads dates as RFC 6265 §5.1.1 has it, which takes the three forms of RFC 9110 §5.6.7 too.
enum HTTPDateText {
  private static let months = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ]

  /// Seconds since 1970; nil if it is no date.
  static func seconds(parsing text: String) -> Int64? {
    var time: (hour: Int, minute: Int, second: Int)?
    var day: Int?
    var month: Int?
    var year: Int?
    for token in text.utf8.split(whereSeparator: isDelimiter) {
      let token = Array(token)
      if time == nil, let found = Self.time(token) {
        time = found
      } else if day == nil, let number = number(token, digits: 1...2) {
        day = number
      } else if month == nil, let found = Self.month(token) {
        month = found
      } else if year == nil, let number = number(token, digits: 2...4) {
        year = number
      }
    }
    guard let time, let day, let month, var year else { return nil }
    if (70...99).contains(year) { year += 1900 } else if (0...69).contains(year) { year += 2000 }
    guard (1...31).contains(day), year >= 1601, time.hour < 24, time.minute < 60, time.second < 60 else {
      return nil
    }
    let days = Self.days(year, month, day)
    return Int64(days) * 86_400 + Int64(time.hour * 3600 + time.minute * 60 + time.second)
  }

  private static func isDelimiter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x09, 0x20...0x2F, 0x3B...0x40, 0x5B...0x60, 0x7B...0x7E: true
    default: false
    }
  }

  /// The number that a token begins with, if that many digits are followed by no other.
  private static func number(_ token: [UInt8], digits: ClosedRange<Int>) -> Int? {
    let part = token.prefix(while: \.isDigit)
    guard digits.contains(part.count) else { return nil }
    return part.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }

  private static func time(_ token: [UInt8]) -> (Int, Int, Int)? {
    let fields = token.split(separator: .colon, maxSplits: 2, omittingEmptySubsequences: false).map(
      Array.init)
    guard fields.count == 3, fields[0].count <= 2, fields[1].count <= 2,
      let hour = number(fields[0], digits: 1...2), let minute = number(fields[1], digits: 1...2),
      let second = number(fields[2], digits: 1...2)
    else { return nil }
    return (hour, minute, second)
  }

  private static func month(_ token: [UInt8]) -> Int? {
    let name = String(decoding: token.prefix(3).map(\.lowercased), as: UTF8.self)
    return months.firstIndex(of: name).map { $0 + 1 }
  }

  /// Days since 1970-01-01 in the Gregorian calendar (Howard Hinnant's `days_from_civil`).
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
