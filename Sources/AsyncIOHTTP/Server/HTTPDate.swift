import Glibc
import Synchronization

/// The `Date` field line, made once a second (RFC 9110 §6.6.1).
final class HTTPDate: Sendable {
  static let shared = HTTPDate()

  private struct Line {
    var second = -1
    var bytes: [UInt8] = []
  }

  private let line = Mutex(Line())

  /// Appends the line for now.
  func appendLine(to bytes: inout [UInt8]) {
    let second = time(nil)
    let current = line.withLock { line in
      if line.second != second { line = Line(second: second, bytes: Self.line(at: second)) }
      return line.bytes
    }
    bytes.append(contentsOf: current)
  }

  private static func line(at second: Int) -> [UInt8] {
    Array("Date: \(text(at: second))\r\n".utf8)
  }

  /// A time in the one form that is sent, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
  ///
  /// It is given in seconds since 1970 began, without leap seconds; not negative.
  static func text(at second: Int) -> String {
    let (days, time) = second.quotientAndRemainder(dividingBy: 86_400)
    let (year, month, day) = civilDate(days)
    // 1970 began on a Thursday.
    let clock = "\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60))"
    return "\(weekdays[days % 7]), \(two(day)) \(months[month - 1]) \(year) \(clock) GMT"
  }

  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  /// The date `days` after 1 January 1970.
  ///
  /// Years are counted from March, so that the leap day is the last; 400 of them have 146,097 days.
  private static func civilDate(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let (era, dayOfEra) = (days + 719_468).quotientAndRemainder(dividingBy: 146_097)
    let leapDays = dayOfEra / 1_460 - dayOfEra / 36_524 + dayOfEra / 146_096
    let yearOfEra = (dayOfEra - leapDays) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
  }
}
