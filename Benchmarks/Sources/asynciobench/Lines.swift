import AsyncIO

/// 2,000,000 lines of 64 bytes over a pair of sockets, written 64 KiB at a time and read line by line.
func readLines() async throws {
  let count = sized(2_000_000)
  let line = Array(String(repeating: "x", count: 63).utf8) + [UInt8(ascii: "\n")]
  let block = Array(repeatElement(line, count: 1024).joined())
  let (near, far) = try UnixStream.pair()
  let start = ContinuousClock.now
  async let writing: Void = { @Sendable in
    var left = count
    while left > 0 {
      let lines = min(left, 1024)
      try await near.write(block[..<(lines * line.count)])
      left -= lines
    }
    near.close()
  }()
  let reader = BufferedReader(far)
  var seen = 0
  while let bytes = try await reader.readLineBytes() {
    precondition(bytes.count == 63, "a line of 63 bytes came as \(bytes.count)")
    seen += 1
  }
  try await writing
  precondition(seen == count, "\(count) lines were sent and \(seen) came")
  report(.lines, count: count, since: start)
}
