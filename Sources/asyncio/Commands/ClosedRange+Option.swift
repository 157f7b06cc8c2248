import ArgumentParser

extension ClosedRange<Int> {
  /// Makes sure that the value of an option is in the range.
  ///
  /// - Throws: `ValidationError`, which says what the range is.
  func check(_ value: Int, of option: String) throws {
    guard contains(value) else {
      throw ValidationError("'\(option)' must be \(lowerBound)…\(upperBound), not \(value).")
    }
  }
}
