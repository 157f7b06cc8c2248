/// Reads the blocks of DEFLATE (RFC 1951), wherever the input is cut.
///
/// What is read is read as a whole or not at all: a symbol that is not there yet is looked at again when more has come. So the
/// state between two calls is only which block it is.
struct DeflateDecoder: Sendable {
  private enum State: Sendable {
    /// Before a block.
    case blockHeader
    /// In a block that is not compressed, with bytes missing.
    case stored(remaining: Int)
    /// In a compressed block.
    case codes(literals: HuffmanTable, distances: HuffmanTable)
  }

  var input = DeflateInput()
  private var state = State.blockHeader
  private var isLastBlock = false
  /// What was put out last, for references back.
  private var history: [UInt8] = []
  /// Where in the output of the last call that begins which the call has added.
  private(set) var newOutput = 0

  private static let windowSize = 32 * 1024

  /// Begins a new stream of blocks, with what is left of the input.
  mutating func restart() {
    state = .blockHeader
    isLastBlock = false
    history = []
  }

  /// Drops the bits up to the next whole byte.
  mutating func alignToByte() { input.align() }

  /// Decodes until `output` has `limit` bytes, or a little more, or the input is used up.
  ///
  /// - Returns: whether the last block has ended.
  mutating func decode(upTo limit: Int, to output: inout [UInt8]) throws(HTTPInflationError) -> Bool {
    newOutput = output.count
    let start = output.count
    var window = history
    window.reserveCapacity(window.count + min(limit, 64 * 1024) + 512)
    let historyCount = window.count
    defer {
      output += window[historyCount...]
      history = Array(window.suffix(Self.windowSize))
      newOutput = start
    }
    let end = historyCount + limit - start
    while window.count < end {
      switch state {
      case .blockHeader:
        if isLastBlock { return true }
        guard try readBlockHeader() else { return false }
      case .stored(let remaining):
        let part = input.take(atMost: min(remaining, end - window.count))
        if part.isEmpty, remaining > 0 { return false }
        window += part
        state = remaining == part.count ? .blockHeader : .stored(remaining: remaining - part.count)
      case .codes(let literals, let distances):
        guard try decodeSymbols(literals, distances, upTo: end, to: &window) else { return false }
      }
    }
    if isLastBlock, case .blockHeader = state { return true }
    return false
  }

  // MARK: Blocks

  /// Reads what stands before a block; false if it is not there as a whole.
  private mutating func readBlockHeader() throws(HTTPInflationError) -> Bool {
    let mark = input.mark
    guard let final = input.bits(1), let kind = input.bits(2) else {
      input.mark = mark
      return false
    }
    let isThere: Bool
    switch kind {
    case 0: isThere = try readStoredHeader()
    case 1:
      state = .codes(literals: .fixedLiterals, distances: .fixedDistances)
      isThere = true
    case 2: isThere = try readDynamicHeader()
    default: throw HTTPInflationError("a block is of a kind that there is not")
    }
    if isThere { isLastBlock = final == 1 } else { input.mark = mark }
    return isThere
  }

  private mutating func readStoredHeader() throws(HTTPInflationError) -> Bool {
    input.align()
    guard let length = input.bits(16), let complement = input.bits(16) else { return false }
    guard length ^ complement == 0xFFFF else {
      throw HTTPInflationError("the length of a block contradicts itself")
    }
    state = .stored(remaining: length)
    return true
  }

  private static let lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

  private mutating func readDynamicHeader() throws(HTTPInflationError) -> Bool {
    guard let literalCount = input.bits(5), let distanceCount = input.bits(5), let codeCount = input.bits(4)
    else { return false }
    var codeLengths = [UInt8](repeating: 0, count: 19)
    for index in 0..<(codeCount + 4) {
      guard let length = input.bits(3) else { return false }
      codeLengths[Self.lengthOrder[index]] = UInt8(length)
    }
    let codes = try HuffmanTable(codeLengths, mayBeIncomplete: false)
    let total = literalCount + 257 + distanceCount + 1
    var lengths: [UInt8] = []
    while lengths.count < total {
      guard let symbol = try input.symbol(of: codes) else { return false }
      if symbol < 16 {
        lengths.append(UInt8(symbol))
        continue
      }
      let (bits, base, value): (Int, Int, UInt8)
      switch symbol {
      case 16:
        guard let last = lengths.last else { throw HTTPInflationError("a length repeats what is not there") }
        (bits, base, value) = (2, 3, last)
      case 17: (bits, base, value) = (3, 3, 0)
      default: (bits, base, value) = (7, 11, 0)
      }
      guard let more = input.bits(bits) else { return false }
      guard lengths.count + base + more <= total else {
        throw HTTPInflationError("there are more lengths of codes than announced")
      }
      lengths += repeatElement(value, count: base + more)
    }
    guard lengths[256] != 0 else { throw HTTPInflationError("a block has no end") }
    state = .codes(
      literals: try HuffmanTable(Array(lengths[..<(literalCount + 257)]), mayBeIncomplete: false),
      distances: try HuffmanTable(Array(lengths[(literalCount + 257)...]), mayBeIncomplete: true))
    return true
  }

  // MARK: Symbols

  private static let lengthBases: [Int] = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
    227,
    258,
  ]
  private static let lengthBits: [Int] = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let distanceBases: [Int] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073,
    4097,
    6145, 8193, 12289, 16385, 24577,
  ]
  private static let distanceBits: [Int] = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
  ]

  /// Decodes symbols up to the end of the block or of the room; false if the input is used up before.
  private mutating func decodeSymbols(
    _ literals: HuffmanTable, _ distances: HuffmanTable, upTo end: Int, to window: inout [UInt8]
  ) throws(HTTPInflationError) -> Bool {
    var input = DeflateInput()
    swap(&input, &self.input)
    defer { swap(&input, &self.input) }
    while window.count < end {
      let mark = input.mark
      guard let symbol = try input.symbol(of: literals) else { return false }
      if symbol < 256 {
        window.append(UInt8(truncatingIfNeeded: symbol))
        continue
      }
      if symbol == 256 {
        state = .blockHeader
        return true
      }
      guard symbol <= 285 else { throw HTTPInflationError("a length is of a kind that there is not") }
      guard let moreLength = input.bits(Self.lengthBits[symbol - 257]),
        let code = try input.symbol(of: distances)
      else {
        input.mark = mark
        return false
      }
      guard code < 30 else { throw HTTPInflationError("a distance is of a kind that there is not") }
      guard let moreDistance = input.bits(Self.distanceBits[code]) else {
        input.mark = mark
        return false
      }
      let length = Self.lengthBases[symbol - 257] + moreLength
      let distance = Self.distanceBases[code] + moreDistance
      guard distance <= window.count else {
        throw HTTPInflationError("a reference goes back before the beginning")
      }
      let from = window.count - distance
      if distance >= length {
        window.append(contentsOf: window[from..<from + length])
      } else {
        // The copy reads what it has written.
        for index in from..<from + length { window.append(window[index]) }
      }
    }
    return true
  }
}
