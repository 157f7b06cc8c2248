/// Names with values, in their order: the parameters of a query, or the fields of a form.
///
/// ```swift
/// let parameters: HTTPParameters = ["q": "snow man", "page": 2]
/// parameters.encoded     // "q=snow+man&page=2"
/// ```
///
/// A name may stand several times. Encoding is that of `application/x-www-form-urlencoded` (WHATWG URL §5.2), as browsers do.
public struct HTTPParameters: Hashable, Sendable {
  private struct Pair: Hashable, Sendable {
    let name: String
    let value: String
  }

  private var pairs: [Pair] = []

  /// Makes an empty list.
  public init() {}

  /// Reads an encoded list, such as the query of a URL; escapes that are none stay as they are.
  ///
  /// - Parameter encoded: the text, without a question mark.
  public init(parsing encoded: String) {
    for part in encoded.utf8.split(separator: UInt8(ascii: "&")) {
      let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      append(Self.decode(halves[0]), halves.count > 1 ? Self.decode(halves[1]) : "")
    }
  }

  /// How many pairs there are.
  public var count: Int { pairs.count }

  /// Whether there is none.
  public var isEmpty: Bool { pairs.isEmpty }

  /// Adds a pair at the end.
  ///
  /// - Parameters:
  ///   - name: the name, not encoded.
  ///   - value: the value, not encoded.
  public mutating func append(_ name: String, _ value: some LosslessStringConvertible) {
    pairs.append(Pair(name: name, value: value.description))
  }

  /// Adds all pairs of `other` at the end.
  public mutating func append(contentsOf other: HTTPParameters) { pairs += other.pairs }

  /// The first value of a name, or nil if there is none; setting one takes the place of all.
  public subscript(name: String) -> String? {
    get { pairs.first { $0.name == name }?.value }
    set {
      let place = pairs.firstIndex { $0.name == name } ?? pairs.endIndex
      pairs.removeAll { $0.name == name }
      if let newValue { pairs.insert(Pair(name: name, value: newValue), at: Swift.min(place, pairs.count)) }
    }
  }

  /// All values of a name, in their order.
  public func values(of name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

  /// The pairs as text for a query or a form.
  public var encoded: String {
    var bytes: [UInt8] = []
    for pair in pairs {
      if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
      Self.encode(pair.name, to: &bytes)
      bytes.append(UInt8(ascii: "="))
      Self.encode(pair.value, to: &bytes)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func encode(_ text: String, to bytes: inout [UInt8]) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: " "): bytes.append(UInt8(ascii: "+"))
      case UInt8(ascii: "*"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): bytes.append(byte)
      case _ where byte.isDigit || (byte | 0x20) &- 0x61 < 26: bytes.append(byte)
      default: HTTPURLPath.appendEscape(of: byte, to: &bytes)
      }
    }
  }

  private static func decode(_ bytes: Substring.UTF8View.SubSequence) -> String {
    var result: [UInt8] = []
    var rest = bytes
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "+") {
        result.append(.space)
      } else if byte == UInt8(ascii: "%"), let high = rest.first?.hexadecimalValue,
        let low = rest.dropFirst().first?.hexadecimalValue
      {
        result.append(high << 4 | low)
        rest = rest.dropFirst(2)
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

extension HTTPParameters: ExpressibleByDictionaryLiteral {
  /// Makes a list of the pairs of a literal, in their order.
  public init(dictionaryLiteral elements: (String, any LosslessStringConvertible)...) {
    for (name, value) in elements { pairs.append(Pair(name: name, value: value.description)) }
  }
}

extension HTTPParameters: Sequence {
  /// The pairs in their order.
  public func makeIterator() -> AnyIterator<(name: String, value: String)> {
    var iterator = pairs.makeIterator()
    return AnyIterator { iterator.next().map { ($0.name, $0.value) } }
  }
}

extension HTTPParameters: CustomStringConvertible {
  /// The pairs as they are encoded.
  public var description: String { encoded }
}
