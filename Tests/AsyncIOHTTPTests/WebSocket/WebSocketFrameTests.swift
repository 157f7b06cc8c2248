import Testing

@testable import AsyncIOHTTP

/// Headers of frames, masking, and what may not come.
struct WebSocketFrameTests {
  private typealias Header = WebSocketFrameHeader
  private static let fromClient = Header.Rules(isMasked: true, allowsCompression: true)
  private static let fromServer = Header.Rules(isMasked: false, allowsCompression: false)

  @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 40], [nil, 0x0403_0201] as [UInt32?])
  func `a header is read as it was written, with its last byte and not before`(length: Int, mask: UInt32?)
    throws
  {
    let header = Header(opcode: .text, isFinal: false, isCompressed: mask != nil, length: length, mask: mask)
    var bytes: [UInt8] = []
    header.append(to: &bytes)
    let rules = mask == nil ? Self.fromServer : Self.fromClient
    for count in 0..<bytes.count {
      let part = Array(bytes.prefix(count))
      let found = try Header.read(part.span, from: 0, rules)
      #expect(found == nil)
    }
    let found = try #require(try Header.read(bytes.span, from: 0, rules))
    #expect(found.header == header)
    #expect(found.size == bytes.count)
  }

  @Test func `the frames of the RFC are written as they stand there`() {
    // RFC 6455 §5.7.
    var hello: [UInt8] = []
    Header(opcode: .text, length: 5).append(with: Array("Hello".utf8)[...], to: &hello)
    #expect(hello == [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
    var masked: [UInt8] = []
    Header(opcode: .text, length: 5, mask: 0x3D21_FA37).append(with: Array("Hello".utf8)[...], to: &masked)
    #expect(masked == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
    var long: [UInt8] = []
    Header(opcode: .binary, length: 256).append(to: &long)
    #expect(long == [0x82, 0x7E, 0x01, 0x00])
  }

  @Test(
    arguments: [
      ([0x83, 0x80], "unknown opcode"), ([0x8B, 0x80], "unknown opcode"), ([0xA1, 0x80], "reserved bits"),
      ([0x91, 0x80], "reserved bits"), ([0x09, 0x80], "fragmented"), ([0x89, 0xFE], "longer than 125"),
      ([0x81, 0x05], "not masked"), ([0xC9, 0x80], "compressed"), ([0xC0, 0x80], "compressed"),
      ([0x82, 0xFE, 0, 125], "more bytes than it needs"),
      ([0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], "more bytes than it needs"),
      ([0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], "highest bit"),
    ] as [([UInt8], String)])
  func `what no client may send is refused`(bytes: [UInt8], reason: String) {
    do {
      let found = try Header.read(bytes.span, from: 0, Self.fromClient)
      Issue.record("read \(String(describing: found))")
    } catch {
      #expect(error.code == .protocolError)
      #expect(error.message.contains(reason), "\(error.message)")
    }
  }

  @Test func `a server may not mask, nor compress without an agreement`() {
    for bytes in [[0x81, 0x85], [0xC1, 0x05]] as [[UInt8]] {
      #expect(throws: WebSocketViolation.self) { try Header.read(bytes.span, from: 0, Self.fromServer) }
    }
  }

  @Test func `masking is the same as byte by byte, wherever it begins and ends`() {
    let key: UInt32 = 0x9A7C_5E31
    let keyBytes: [UInt8] = [0x31, 0x5E, 0x7C, 0x9A]
    let bytes = (0..<200).map { UInt8($0) }
    for start in [0, 1, 7] {
      for end in start...120 {
        var masked = bytes
        masked.mask(start..<end, with: key)
        let expected = bytes.enumerated().map { index, byte in
          (start..<end).contains(index) ? byte ^ keyBytes[(index - start) % 4] : byte
        }
        #expect(masked == expected)
      }
    }
    // In two parts it is the same.
    for cut in 0...9 {
      var (whole, parts) = (bytes, bytes)
      whole.mask(0..<100, with: key)
      parts.mask(0..<cut, with: key)
      parts.mask(cut..<100, with: key.maskAdvanced(by: cut))
      #expect(whole == parts)
    }
  }

  @Test func `keys are not the same`() {
    var keys = WebSocketMaskKeys()
    #expect(Set((0..<100).map { _ in keys.next() }).count > 95)
  }

  @Test(
    arguments: [
      ([], 1005, ""), ([0x03, 0xE8], 1000, ""), ([0x0F, 0xA0, 0xC3, 0xA4], 4000, "ä"),
    ] as [([UInt8], UInt16, String)])
  func `close frames are read`(payload: [UInt8], code: UInt16, reason: String) throws {
    let read = try WebSocketClosure.read(payload[...])
    #expect(read.0.rawValue == code)
    #expect(read.1 == reason)
    #expect(WebSocketClosure.payload(read.0, read.1) == payload)
  }

  @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] as [UInt16])
  func `codes that nobody may send are refused`(code: UInt16) {
    let payload = [UInt8(code >> 8), UInt8(truncatingIfNeeded: code)]
    #expect(throws: WebSocketViolation.self) { try WebSocketClosure.read(payload[...]) }
  }

  @Test func `half a code and a reason that is no text are refused`() {
    #expect(throws: WebSocketViolation.self) { try WebSocketClosure.read([3]) }
    do {
      _ = try WebSocketClosure.read([0x03, 0xE8, 0xFF])
      Issue.record("read")
    } catch {
      #expect(error.code == .invalidPayload)
    }
  }
}
