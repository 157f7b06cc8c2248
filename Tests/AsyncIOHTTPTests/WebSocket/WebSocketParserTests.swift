import Testing

@testable import AsyncIOHTTP

/// Messages out of bytes, however they are cut.
struct WebSocketParserTests {
  /// The frames of a client.
  private static func frame(
    _ opcode: WebSocketOpcode, _ payload: [UInt8], isFinal: Bool = true, isCompressed: Bool = false
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    WebSocketFrameHeader(
      opcode: opcode, isFinal: isFinal, isCompressed: isCompressed, length: payload.count, mask: 0xA1B2_C3D4
    ).append(with: payload[...], to: &bytes)
    return bytes
  }

  /// What comes out, as text; pieces are put together.
  private static func events(
    _ bytes: [UInt8], cutInto size: Int, _ parser: WebSocketParser = WebSocketParser(isMasked: true)
  ) throws -> [String] {
    var parser = parser
    var found: [String] = []
    var partial: [UInt8]?
    var rest = bytes[...]
    while !rest.isEmpty {
      parser.input += rest.prefix(size)
      rest = rest.dropFirst(size)
      while let event = try parser.next() {
        switch event {
        case .ping(let payload): found.append("ping \(String(decoding: payload, as: UTF8.self))")
        case .pong(let payload): found.append("pong \(String(decoding: payload, as: UTF8.self))")
        case .close(let code, let reason): found.append("close \(code.rawValue) \(reason)")
        case .item(.whole(.text(let text))): found.append("text \(text)")
        case .item(.whole(.binary(let bytes))): found.append("binary \(bytes.count)")
        case .item(.begin): partial = []
        case .item(.piece(let bytes)): partial? += bytes
        case .item(.end): found.append("pieces \(partial?.count ?? -1)")
        }
      }
    }
    return found
  }

  @Test(arguments: [1, 2, 3, 7, 1000])
  func `messages, fragments and control frames come out wherever they are cut`(size: Int) throws {
    var bytes = Self.frame(.text, Array("hello".utf8)) + Self.frame(.binary, [])
    bytes += Self.frame(.text, Array("κό".utf8.prefix(3)), isFinal: false)
    bytes += Self.frame(.ping, Array("p".utf8))
    bytes += Self.frame(.continuation, [], isFinal: false)
    bytes += Self.frame(.pong, [])
    bytes += Self.frame(.continuation, Array("κόσμε".utf8.dropFirst(3)))
    bytes += Self.frame(.binary, [UInt8](repeating: 7, count: 70_000))
    bytes += Self.frame(.text, [], isFinal: false) + Self.frame(.continuation, [])
    bytes += Self.frame(.close, [0x03, 0xE9] + Array("bye".utf8))
    let events = try Self.events(bytes, cutInto: size)
    #expect(
      events == [
        "text hello", "binary 0", "ping p", "pong ", "text κόσμε", "binary 70000", "text ", "close 1001 bye",
      ])
  }

  @Test(arguments: [1, 1000, 100_000])
  func `large messages come in pieces`(size: Int) throws {
    let large = [UInt8](repeating: 0x61, count: 300_000)
    var bytes = Self.frame(.text, large)
    for index in 0..<10 {
      bytes += Self.frame(
        index == 0 ? .binary : .continuation, Array(large.prefix(30_000)), isFinal: index == 9)
    }
    let events = try Self.events(bytes, cutInto: size)
    #expect(events == ["pieces 300000", "pieces 300000"])
  }

  @Test func `what is read straight into the message is the same`() throws {
    let payload = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let bytes = Self.frame(.binary, payload)
    var parser = WebSocketParser(isMasked: true)
    parser.input = Array(bytes.prefix(5003))
    let early = try parser.next()
    #expect(early == nil)
    var rest = bytes.dropFirst(5003)
    while parser.directCount > 0 {
      let count = min(parser.directCount, 777)
      parser.message += rest.prefix(count)
      rest = rest.dropFirst(count)
      try parser.tookDirectly(count)
    }
    parser.input += rest
    guard case .item(.whole(.binary(let found))) = try parser.next() else {
      Issue.record("no message")
      return
    }
    #expect(found == payload)
  }

  @Test(
    arguments: [
      ([(.continuation, true)], WebSocketCloseCode.protocolError),
      ([(.text, false), (.text, true)], .protocolError),
      ([(.binary, true), (.continuation, true)], .protocolError),
    ] as [([(WebSocketOpcode, Bool)], WebSocketCloseCode)])
  func `fragments out of their order are refused`(
    frames: [(WebSocketOpcode, Bool)], code: WebSocketCloseCode
  ) {
    let bytes = frames.flatMap { Self.frame($0.0, [0x61], isFinal: $0.1) }
    for size in [1, 100] {
      do {
        let events = try Self.events(bytes, cutInto: size)
        Issue.record("\(events)")
      } catch {
        #expect((error as? WebSocketViolation)?.code == code)
      }
    }
  }

  @Test func `text that is no UTF-8 is refused, at the byte that shows it`() {
    let cases: [[UInt8]] = [
      Self.frame(.text, [0xC3, 0x28]), Self.frame(.text, [0xC3]),
      Self.frame(.text, [0xCE], isFinal: false) + Self.frame(.continuation, [0x61], isFinal: false),
      // Of a frame that is not here as a whole.
      Array(Self.frame(.text, [0x61, 0xFF] + [UInt8](repeating: 0x61, count: 1000)).prefix(20)),
    ]
    for bytes in cases {
      for size in [1, 1000] {
        do {
          let events = try Self.events(bytes, cutInto: size)
          Issue.record("\(events)")
        } catch {
          #expect((error as? WebSocketViolation)?.code == .invalidPayload)
        }
      }
    }
  }

  @Test func `a frame beyond the limit is refused by its header`() {
    let bytes = Array(Self.frame(.binary, [UInt8](repeating: 0, count: 1001)).prefix(8))
    do {
      let events = try Self.events(bytes, cutInto: 100, WebSocketParser(isMasked: true, frameLimit: 1000))
      Issue.record("\(events)")
    } catch {
      #expect((error as? WebSocketViolation)?.code == .messageTooBig)
    }
  }

  @Test func `a frame that announces much takes no memory`() throws {
    var parser = WebSocketParser(isMasked: false)
    WebSocketFrameHeader(opcode: .binary, length: 1 << 50).append(to: &parser.input)
    parser.input += [1, 2, 3]
    let event = try parser.next()
    #expect(event == nil)
    #expect(parser.message.capacity < 2 * WebSocketParser.pieceSize)
  }

  @Test(arguments: [65_536, 1 << 50, .max], [WebSocketOpcode.text, .binary])
  func `a message that has begun takes a continuation of any announced length`(
    length: Int, kind: WebSocketOpcode
  ) throws {
    var bytes = Self.frame(kind, [0x61], isFinal: false)
    WebSocketFrameHeader(opcode: .continuation, length: length, mask: 0).append(to: &bytes)
    for size in [1, 1000] {
      let events = try Self.events(bytes, cutInto: size)
      #expect(events == [])
    }
    var parser = WebSocketParser(isMasked: true)
    parser.input = bytes
    let event = try parser.next()
    #expect(event == nil)
    #expect(parser.message.capacity < 2 * WebSocketParser.pieceSize)
    #expect(parser.directCount == min(length, WebSocketParser.pieceSize - 1))
  }

  // MARK: Compression

  private static func compressed(_ bytes: [UInt8], _ deflater: WebSocketDeflater) -> [UInt8] {
    var output: [UInt8] = []
    deflater.compress(bytes[...], isLast: true, to: &output)
    return output
  }

  @Test(arguments: [true, false], [9, 12, 15])
  func `compressed messages come out, also in fragments`(keepsContext: Bool, bits: Int) throws {
    let deflater = try #require(WebSocketDeflater(level: 6, windowBits: bits, keepsContext: keepsContext))
    let text = String(repeating: "All work and no play makes Jack a dull boy. ", count: 30)
    var bytes: [UInt8] = []
    for _ in 0..<2 {
      let payload = Self.compressed(Array(text.utf8), deflater)
      #expect(payload.count < 200)
      bytes += Self.frame(.text, Array(payload.prefix(10)), isFinal: false, isCompressed: true)
      bytes += Self.frame(.ping, [])
      bytes += Self.frame(.continuation, Array(payload.dropFirst(10)))
    }
    bytes += Self.frame(.text, Self.compressed([], deflater), isCompressed: true)
    bytes += Self.frame(.text, Array("plain".utf8))
    let random = (0..<100_000).map { _ in UInt8.random(in: 0...255) }
    bytes += Self.frame(.binary, Self.compressed(random, deflater), isCompressed: true)
    let expected = ["ping ", "text \(text)", "ping ", "text \(text)", "text ", "text plain", "binary 100000"]
    for size in [1, 5, 100_000] {
      let inflater = try #require(WebSocketInflater(windowBits: bits, keepsContext: keepsContext))
      let events = try Self.events(
        bytes, cutInto: size, WebSocketParser(isMasked: true, inflater: inflater))
      #expect(events == expected)
    }
  }

  @Test(
    arguments: [
      // RFC 7692 §7.2.3: plain, in two blocks, without compression, with a last block, empty.
      [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
      [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
      [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
      [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
    ] as [[UInt8]])
  func `the examples of the RFC are read`(payload: [UInt8]) throws {
    for size in [1, 100] {
      let inflater = try #require(WebSocketInflater(windowBits: 15, keepsContext: true))
      let events = try Self.events(
        Self.frame(.text, payload, isCompressed: true), cutInto: size,
        WebSocketParser(isMasked: true, inflater: inflater))
      #expect(events == ["text Hello"])
    }
  }

  @Test func `a bomb comes out in pieces of bounded size`() throws {
    let deflater = try #require(WebSocketDeflater(level: 9, windowBits: 15, keepsContext: true))
    let payload = Self.compressed([UInt8](repeating: 0, count: 10_000_000), deflater)
    #expect(payload.count < 20_000)
    let inflater = try #require(WebSocketInflater(windowBits: 15, keepsContext: true))
    var parser = WebSocketParser(isMasked: true, inflater: inflater)
    parser.input = Self.frame(.binary, payload, isCompressed: true)
    var (count, largest) = (0, 0)
    while let event = try parser.next() {
      guard case .item(.piece(let piece)) = event else { continue }
      count += piece.count
      largest = max(largest, piece.count)
    }
    #expect(count == 10_000_000)
    #expect(largest == WebSocketParser.pieceSize)
  }

  @Test func `damaged data are refused`() throws {
    let inflater = try #require(WebSocketInflater(windowBits: 15, keepsContext: true))
    let bytes = Self.frame(.binary, [0xFF, 0xFF, 0xFF], isCompressed: true)
    do {
      let events = try Self.events(bytes, cutInto: 100, WebSocketParser(isMasked: true, inflater: inflater))
      Issue.record("\(events)")
    } catch {
      #expect((error as? WebSocketViolation)?.code == .invalidPayload)
    }
  }
}
