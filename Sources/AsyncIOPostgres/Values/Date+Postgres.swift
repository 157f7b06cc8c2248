// Points in time and UUIDs. A date without a zone is taken for one in UTC, as asyncpg and others do who must decide.

#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

extension Date: PostgresEncodable, PostgresDecodable {
  private static let secondsOfDay = 86_400

  /// The date and time in UTC, to the microsecond, as PostgreSQL keeps it.
  public var postgresParameter: PostgresParameter {
    let microseconds = Int((timeIntervalSince1970 * 1_000_000).rounded())
    let seconds = (Double(microseconds) / 1_000_000).rounded(.down)
    let day = Int((seconds / Double(Self.secondsOfDay)).rounded(.down))
    let time = Int(seconds) - day * Self.secondsOfDay
    let fraction = microseconds - Int(seconds) * 1_000_000
    let (year, month, dayOfMonth) = Self.civil(fromDay: day)
    func padded(_ number: Int, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    // The year before 1 is 1 BC.
    let date = "\(padded(year > 0 ? year : 1 - year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
    let clock = "\(padded(time / 3600, 2)):\(padded(time / 60 % 60, 2)):\(padded(time % 60, 2))"
    return .text("\(date) \(clock).\(padded(fraction, 6))+00\(year > 0 ? "" : " BC")")
  }

  /// Reads a `timestamp`, with or without a zone, or a `date`, in ISO's style.
  public static func fromPostgres(_ cell: PostgresCell) throws -> Date {
    guard let text = cell.text, let date = Date(postgresText: text) else {
      throw cell.mismatch(with: Date.self)
    }
    return date
  }

  private init?(postgresText text: String) {
    var words = text.split(separator: " ")
    let isBeforeChrist = words.last == "BC"
    if isBeforeChrist { words.removeLast() }
    guard let date = words.first?.split(separator: "-").map({ Int($0) }), date.count == 3,
      let year = date[0], let month = date[1], let day = date[2], words.count <= 2
    else { return nil }
    let days = Self.day(fromCivil: isBeforeChrist ? 1 - year : year, month, day)
    guard let seconds = words.count == 2 ? Self.seconds(ofClock: words[1]) : 0 else { return nil }
    self.init(timeIntervalSince1970: Double(days * Self.secondsOfDay) + seconds)
  }

  /// Seconds since midnight in UTC of a text like `12:34:56.789+05:30`.
  private static func seconds(ofClock text: Substring) -> Double? {
    let zoneIndex = text.lastIndex { $0 == "+" || $0 == "-" } ?? text.endIndex
    let clock = text[..<zoneIndex].split(separator: ":")
    guard clock.count == 3, let hours = Double(clock[0]), let minutes = Double(clock[1]),
      let seconds = Double(clock[2])
    else { return nil }
    let time = hours * 3600 + minutes * 60 + seconds
    guard zoneIndex < text.endIndex else { return time }
    let parts = text[zoneIndex...].dropFirst().split(separator: ":").map { Double($0) }
    var offset = 0.0
    for (part, unit) in zip(parts, [3600.0, 60, 1]) {
      guard let part else { return nil }
      offset += part * unit
    }
    return text[zoneIndex] == "-" ? time + offset : time - offset
  }

  // Howard Hinnant's days_from_civil and its inverse: the proleptic Gregorian calendar, as PostgreSQL's.

  private static func day(fromCivil year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month > 2 ? year : year - 1
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private static func civil(fromDay day: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }
}

extension UUID: PostgresEncodable, PostgresDecodable {
  /// The usual notation.
  public var postgresParameter: PostgresParameter { .text(uuidString) }

  /// Reads a `uuid`.
  public static func fromPostgres(_ cell: PostgresCell) throws -> UUID {
    guard let value = cell.text.flatMap({ UUID(uuidString: $0) }) else {
      throw cell.mismatch(with: UUID.self)
    }
    return value
  }
}
