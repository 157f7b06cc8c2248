import AsyncIOHTTP
import Testing

/// However a connection cuts a message, the codec makes the same of it.
struct SplittingTests {
  @Test(arguments: goodMessages)
  func `a good message is read`(_ sample: Sample) throws {
    let outcome = CodecOutcome([sample.bytes], role: sample.role)
    #expect(outcome.message != nil, "\(outcome)")
  }

  @Test(arguments: badHeads + smugglingAttempts)
  func `a bad message is refused for its reason`(_ sample: Sample) {
    let outcome = CodecOutcome([sample.bytes], role: sample.role)
    #expect(outcome.code == sample.code, "\(outcome)")
  }

  @Test(arguments: goodMessages + badHeads + smugglingAttempts)
  func `a message in two pieces is the same message`(_ sample: Sample) {
    let whole = CodecOutcome([sample.bytes], role: sample.role)
    for index in 0...sample.bytes.count {
      let cut = CodecOutcome(split(sample.bytes, at: index), role: sample.role)
      #expect(cut == whole, "cut at \(index)")
    }
  }

  @Test(arguments: goodMessages + badHeads + smugglingAttempts)
  func `a message byte by byte is the same message`(_ sample: Sample) {
    let whole = CodecOutcome([sample.bytes], role: sample.role)
    #expect(CodecOutcome(bytewise(sample.bytes), role: sample.role) == whole)
  }

  @Test(arguments: badHeads + smugglingAttempts)
  func `an error says where and in whole sentences`(_ sample: Sample) throws {
    guard case .refused(let error) = CodecOutcome([sample.bytes], role: sample.role) else { return }
    #expect(error.message.hasSuffix("."))
    #expect(error.message.count > 20)
    if let offset = error.offset { #expect((0...sample.bytes.count).contains(offset)) }
  }
}
