import ArgumentParser

/// A length of time as given on the command line: `250ms`, `1.5s`, `2m`, `1h`, or a plain number of seconds.
///
/// Options read it with `transform:`, so that the parser shows what `init(parsing:)` has to say.
struct DurationArgument: Sendable, Equatable {
  /// The length.
  var duration: Duration

  /// A default value.
  init(_ duration: Duration) {
    self.duration = duration
  }

  /// Nanoseconds of each unit.
  private static let units: [Substring: Int64] = [
    "": 1_000_000_000, "ns": 1, "us": 1000, "µs": 1000, "ms": 1_000_000, "s": 1_000_000_000,
    "m": 60_000_000_000, "min": 60_000_000_000, "h": 3_600_000_000_000,
  ]

  /// Ten years: longer is a mistake.
  private static let longest = Duration.seconds(10 * 365 * 24 * 3600)

  /// Reads a length.
  /// - Parameter text: Digits, perhaps a decimal point and more of them, and perhaps a unit.
  /// - Throws: `ValidationError`, which says what is wrong and how to write it.
  init(parsing text: String) throws {
    let trimmed = text.drop { $0 == " " }
    if trimmed.first == "-", trimmed.dropFirst().first?.isNumber == true {
      throw ValidationError("A duration cannot be negative.")
    }
    let number = trimmed.prefix { $0 == "." || ("0"..."9").contains($0) }
    let unit = trimmed.dropFirst(number.count).drop { $0 == " " }
    guard let scale = Self.units[unit] else {
      throw Self.malformed
    }
    duration = try Self.multiply(number, by: scale)
  }

  /// Exact: decimals are not rounded to binary fractions.
  private static func multiply(_ number: Substring, by scale: Int64) throws -> Duration {
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.contains(where: { !$0.isEmpty }) else { throw malformed }
    guard parts[0].count <= 15 else { throw tooLong }
    let whole = Int128(parts[0]) ?? 0
    // The decimals beyond the ninth are less than a nanosecond of a second.
    let decimals = parts.count > 1 ? parts[1].prefix(9) : ""
    var nanoseconds = whole * Int128(scale)
    var place = Int128(scale)
    for digit in decimals {
      nanoseconds += Int128(digit.wholeNumberValue ?? 0) * place / 10
      place /= 10
    }
    let duration = Duration(attoseconds: nanoseconds * 1_000_000_000)
    guard duration <= longest else { throw tooLong }
    return duration
  }

  private static let malformed = ValidationError("Write a duration as 250ms, 1.5s, 2m or 1h.")
  private static let tooLong = ValidationError("A duration of more than ten years is not supported.")
}

extension DurationArgument: CustomStringConvertible {
  /// The length as it would be given: `1s`, `250ms`.
  var description: String {
    let nanoseconds = duration.attoseconds / 1_000_000_000
    let unit = ["h", "m", "s", "ms", "us"].first { unit in
      nanoseconds > 0 && nanoseconds % Int128(Self.units[Substring(unit)] ?? 1) == 0
    }
    guard let unit else { return nanoseconds == 0 ? "0s" : "\(nanoseconds)ns" }
    return "\(nanoseconds / Int128(Self.units[Substring(unit)] ?? 1))\(unit)"
  }
}
