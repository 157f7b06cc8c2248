import HTTPTypes
import Testing

@testable import AsyncIOHTTP

/// Our codec beside llhttp, message by message: what both read must mean the same to both, or whoever stands between two
/// programs could smuggle requests from one into the other.
struct LLHTTPComparisonTests {
  /// Our reading in llhttp's words; nil if we refuse the message.
  private static func ours(_ bytes: [UInt8], _ role: Role) -> LLHTTPReading? {
    guard let message = CodecOutcome([bytes], role: role).message else { return nil }
    let line = bytes.drop { $0 == 13 || $0 == 10 }.prefix { $0 != 13 }
    let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
    switch role {
    case .request:
      // The target as it was sent: ours has it in parts, which other tests compare.
      let version = message.head.suffix(8)
      let method = message.head.prefix { $0 != " " }
      return LLHTTPReading(message, target: "\(method) \(words[1]) \(version) \(message.keepsAlive)")
    case .response:
      return LLHTTPReading(
        message, target: message.head.split(separator: " ").prefix(2).joined(separator: " "))
    }
  }

  /// Messages that the RFCs allow and llhttp refuses.
  private static let refusedByLLHTTP: Set<String> = [
    "tunnel", "chunked with everything", "same length twice",
  ]

  @Test(arguments: goodMessages)
  func `what we read llhttp reads alike`(_ sample: Sample) throws {
    let ours = try #require(Self.ours(sample.bytes, sample.role))
    let theirs = LLHTTPReading(sample.bytes, role: sample.role)
    #expect(theirs == (Self.refusedByLLHTTP.contains(sample.name) ? nil : ours))
  }

  @Test(arguments: 1...16)
  func `mutated messages that both read mean the same to both`(_ seed: UInt64) {
    var random = SplitMix64(state: seed &* 77)
    let corpus = goodMessages + badHeads + smugglingAttempts
    var bothRead = 0
    for _ in 0..<1500 {
      let sample = corpus[random.below(corpus.count)]
      var bytes = sample.bytes
      if random.below(8) > 0 { FuzzTests.mutate(&bytes, corpus, &random) }
      guard let ours = Self.ours(bytes, sample.role),
        let theirs = LLHTTPReading(bytes, role: sample.role)
      else { continue }
      bothRead += 1
      #expect(ours == theirs, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
    }
    #expect(bothRead > 100, "too few to tell anything")
  }
}
