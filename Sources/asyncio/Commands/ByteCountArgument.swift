import ArgumentParser

/// A count of bytes as given on the command line: `512`, `64k`, `1M`, `2GiB`; units are binary.
struct ByteCountArgument: Sendable, Equatable {
  /// The count.
  var bytes: Int

  /// A default value.
  init(_ bytes: Int) {
    self.bytes = bytes
  }

  /// Reads a count.
  /// - Parameter text: Digits, and perhaps `k`, `M` or `G` with or without `B` or `iB`.
  /// - Throws: `ValidationError`, which says what is wrong and how to write it.
  init(parsing text: String) throws {
    if text.first == "-", text.dropFirst().first?.isNumber == true {
      throw ValidationError("A size cannot be negative.")
    }
    let digits = text.prefix { ("0"..."9").contains($0) }
    let unit = text.dropFirst(digits.count).lowercased()
    let scale: Int
    switch unit {
    case "", "b": scale = 1
    case "k", "kb", "kib": scale = 1 << 10
    case "m", "mb", "mib": scale = 1 << 20
    case "g", "gb", "gib": scale = 1 << 30
    default: throw Self.malformed
    }
    guard !digits.isEmpty else { throw Self.malformed }
    let (product, overflow) = (Int(digits) ?? .max).multipliedReportingOverflow(by: scale)
    guard !overflow, product <= 1 << 40 else {
      throw ValidationError("A size of more than 1 TiB is not supported.")
    }
    bytes = product
  }

  private static let malformed = ValidationError("Write a size in bytes as 512, 64k or 1M.")
}

extension ByteCountArgument: CustomStringConvertible {
  /// The count in bytes.
  var description: String { "\(bytes)" }
}
