@testable import AsyncIOHTTP
import AsyncIOTesting
import HTTPTypes
import Testing

@Suite struct HTTPInflaterTests {
  private static func inflate(_ format: HTTPInflater.Format, _ bytes: [UInt8], cut: Int) throws -> [UInt8] {
    let inflater = HTTPInflater(format)
    var output: [UInt8] = []
    var rest = bytes[...]
    repeat {
      let piece = Array(rest.prefix(cut))
      rest = rest.dropFirst(cut)
      output += try inflater.inflate(piece, isLast: rest.isEmpty)
      while inflater.hasMore { output += try inflater.inflate([], isLast: rest.isEmpty) }
    } while !rest.isEmpty
    return output
  }

  @Test(arguments: CompressedSamples.all)
  func `what zlib has compressed is read, wherever it is cut`(_ sample: CompressedSamples.Sample) throws {
    for cut in [1, 2, 3, 7, 64, 1000, Int.max / 2] where cut > 3 || sample.bytes.count < 3000 {
      let output = try Self.inflate(sample.format, sample.bytes, cut: cut)
      #expect(output == sample.plain, "cut every \(cut)")
    }
  }

  @Test(arguments: CompressedSamples.all)
  func `what ends early is refused`(_ sample: CompressedSamples.Sample) {
    let step = max(1, sample.bytes.count / 60)
    for length in stride(from: 1, to: sample.bytes.count, by: step) {
      #expect(throws: HTTPInflationError.self) {
        try Self.inflate(sample.format, Array(sample.bytes.prefix(length)), cut: .max / 2)
      }
    }
  }

  @Test func `damage is noticed and never a crash`() throws {
    var generator = SeededGenerator(seed: 7)
    var unnoticed = 0
    var tried = 0
    for sample in CompressedSamples.all where sample.format == .gzip || sample.format == .zstd {
      for _ in 0..<200 {
        var bytes = sample.bytes
        let place = Int.random(in: 10..<bytes.count, using: &generator)
        bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        tried += 1
        if let output = try? Self.inflate(sample.format, bytes, cut: .max / 2),
          output != sample.plain
        {
          unnoticed += 1
        }
      }
    }
    #expect(unnoticed == 0, "of \(tried)")
  }

  @Test func `several members follow each other`() throws {
    let sample = try #require(CompressedSamples.all.first { $0.format == .gzip })
    let bytes = sample.bytes + sample.bytes + [0, 0, 0]
    #expect(try Self.inflate(.gzip, bytes, cut: 5) == sample.plain + sample.plain)
  }

  @Test func `several frames of Zstandard follow each other`() throws {
    let sample = try #require(CompressedSamples.all.first { $0.format == .zstd })
    for cut in [1, 5, .max / 2] {
      #expect(try Self.inflate(.zstd, sample.bytes + sample.bytes, cut: cut) == sample.plain + sample.plain)
    }
  }

  @Test func `a window of Zstandard that is larger than the coding allows is refused`() {
    #expect(throws: HTTPInflationError.self) {
      try Self.inflate(.zstd, CompressedSamples.greatWindow, cut: .max / 2)
    }
  }

  @Test func `a bomb stops at the limit`() throws {
    let inflater = HTTPInflater(.gzip)
    #expect(throws: HTTPBodyTooLarge.self) {
      try inflater.inflate(CompressedSamples.bomb, isLast: true, limit: 1_000_000)
    }
    let piecewise = HTTPInflater(.gzip)
    let first = try piecewise.inflate(CompressedSamples.bomb, isLast: true)
    #expect(first.count == HTTPInflater.pieceLimit && piecewise.hasMore)
  }

  @Test(arguments: [
    (["gzip"], true), (["GZIP"], true), (["x-gzip"], true), (["deflate"], true), (["identity, gzip"], true),
    (["br"], true), (["zstd"], true), (["compress"], false), (["gzip, gzip"], false), (["identity"], false),
    ([], false),
    (["gzip", "br"], false),
  ])
  func `codings are known by their names`(_ values: [String], _ isKnown: Bool) {
    #expect((HTTPInflater(values) != nil) == isKnown)
  }
}

/// Numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
