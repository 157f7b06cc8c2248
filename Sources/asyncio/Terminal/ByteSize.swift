/// A count of bytes that shows itself in binary units: `512 B`, `1.2 KiB`, `150 MiB`.
struct ByteSize: Sendable, Equatable, CustomStringConvertible {
  /// The exact count.
  var bytes: Int

  /// A size of `bytes` bytes.
  init(_ bytes: Int) {
    self.bytes = bytes
  }

  /// The count in the largest unit of which there is at least one.
  var description: String {
    guard bytes.magnitude >= 1024 else { return "\(bytes) B" }
    var value = Double(bytes)
    var unit = "B"
    // Above 1023.5 the number would show as 1024 of its unit.
    for next in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] where value.magnitude >= 1023.5 {
      value /= 1024
      unit = next
    }
    return decimal(value, places: value.magnitude < 99.95 ? 1 : 0) + " " + unit
  }
}
