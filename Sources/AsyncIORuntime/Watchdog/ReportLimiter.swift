internal import CAsyncIO

/// Lets one report of a place pass in ten seconds.
struct ReportLimiter {
  private static let pause: Int64 = 10_000_000_000
  private static let capacity = 256

  /// How many places are remembered.
  var count: Int { places.count }

  private var places: [String: (last: Int64, omitted: Int)] = [:]

  /// How many reports of `place` were left out since the last one; nil if this one is, too.
  mutating func admit(_ place: String, at now: Int64 = casyncio_now()) -> Int? {
    if let known = places[place], now - known.last < Self.pause {
      places[place]?.omitted += 1
      return nil
    }
    if places.count >= Self.capacity {
      places = places.filter { now - $0.value.last < Self.pause }
      // So many places at once: then none is worth its memory.
      if places.count >= Self.capacity { places = [:] }
    }
    return places.updateValue((now, 0), forKey: place)?.omitted ?? 0
  }
}
