import Glibc

/// The time of day, which dates in messages are compared with.
enum HTTPWallClock {
  /// Seconds since 1970.
  static var now: Int64 { Int64(time(nil)) }
}
