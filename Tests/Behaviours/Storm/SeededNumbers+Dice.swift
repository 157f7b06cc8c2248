import AsyncIORuntime

extension SeededNumbers {
  /// True once in `count` times.
  mutating func hits(oneIn count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

  /// Up to so many microseconds.
  mutating func duration(upTo microseconds: Int) -> Duration {
    .microseconds(Int.random(in: 0...microseconds, using: &self))
  }
}
