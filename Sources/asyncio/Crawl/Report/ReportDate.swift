import Glibc

/// The date for the head of a report.
enum ReportDate {
  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
  ]

  /// Today, with the time in UTC: `26 November 2026, 15:04 UTC`.
  static var now: String { text(ofSeconds: time(nil)) }

  /// The date and time of a moment, in seconds since 1970.
  static func text(ofSeconds seconds: Int) -> String {
    // Years are counted from March, so that the day of a leap year is the last one, in eras of 400 years.
    let days = seconds / 86_400 + 719_468
    let (era, dayOfEra) = days.quotientAndRemainder(dividingBy: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    let year = era * 400 + yearOfEra + (month >= 10 ? 1 : 0)
    let minutes = seconds % 86_400 / 60
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(day) \(months[(month + 2) % 12]) \(year), \(two(minutes / 60)):\(two(minutes % 60)) UTC"
  }
}
