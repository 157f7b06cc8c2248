/// A number with a fixed count of decimals, rounded half away from zero.
/// - Parameters:
///   - value: The number; one too large for its digits to be shown gives `∞`.
///   - places: How many decimals, 0…6.
/// - Returns: The digits, such as `1.50` for two places.
func decimal(_ value: Double, places: Int) -> String {
  var scale = 1
  for _ in 0..<places { scale *= 10 }
  let scaled = (value * Double(scale)).rounded()
  guard let digits = Int(exactly: scaled) else { return value < 0 ? "-∞" : "∞" }
  let sign = digits < 0 ? "-" : ""
  let (whole, fraction) = digits.magnitude.quotientAndRemainder(dividingBy: UInt(scale))
  guard places > 0 else { return "\(sign)\(whole)" }
  let decimals = String(fraction)
  return "\(sign)\(whole)." + String(repeating: "0", count: places - decimals.count) + decimals
}
