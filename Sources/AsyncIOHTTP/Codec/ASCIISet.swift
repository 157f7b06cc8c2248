/// A set of ASCII characters as 128 bits, so that a test is a shift and a mask.
///
/// The members are computed properties on purpose: the optimizer folds them into constants, where a stored
/// static would be looked up. `ASCIISetTests` compares every set with its definition in the RFC.
struct ASCIISet: Hashable, Sendable {
  let low: UInt64
  let high: UInt64

  @inline(__always)
  func contains(_ byte: UInt8) -> Bool {
    byte < 0x80 && ((byte < 0x40 ? low : high) &>> UInt64(byte & 0x3F)) & 1 != 0
  }

  /// `tchar` of RFC 9110 §5.6.2: methods, field names, chunk extensions.
  @inline(__always)
  static var token: ASCIISet { ASCIISet(low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe) }

  /// What a request target may hold: every visible character but `"`, `#`, `<` and `>`.
  ///
  /// RFC 3986 has fewer, but browsers send `|`, `[`, `{` and their like as they are, and none of them can
  /// move the end of the target.
  @inline(__always)
  static var target: ASCIISet { ASCIISet(low: 0xafff_fff2_0000_0000, high: 0x7fff_ffff_ffff_ffff) }

  /// `reg-name` of RFC 3986 §3.2.2, with `%`: what a `Host` may hold besides a port and brackets.
  @inline(__always)
  static var registeredName: ASCIISet {
    ASCIISet(low: 0x2bff_7ff2_0000_0000, high: 0x47ff_fffe_87ff_fffe)
  }

  /// What stands unencoded in a path: `pchar` of RFC 3986 §3.3 without `%`, and the slash.
  @inline(__always)
  static var path: ASCIISet { ASCIISet(low: 0x2fff_ffd2_0000_0000, high: 0x47ff_fffe_87ff_ffff) }

  /// What stands unencoded in a query: as in a path, and the question mark (RFC 3986 §3.4).
  @inline(__always)
  static var query: ASCIISet { ASCIISet(low: 0xafff_ffd2_0000_0000, high: 0x47ff_fffe_87ff_ffff) }

  /// What the name of a host in a URL of ours is made of.
  @inline(__always)
  static var hostName: ASCIISet { ASCIISet(low: 0x03ff_6000_0000_0000, high: 0x47ff_fffe_87ff_fffe) }
}

extension UInt8 {
  static var lineFeed: UInt8 { 0x0A }
  static var carriageReturn: UInt8 { 0x0D }
  static var space: UInt8 { 0x20 }
  static var tab: UInt8 { 0x09 }
  static var colon: UInt8 { 0x3A }

  /// Whether it is a space or a tab, which RFC 9110 §5.6.3 lets stand around a field value.
  @inline(__always)
  var isBlank: Bool { self == .space || self == .tab }

  @inline(__always)
  var isDigit: Bool { self &- 0x30 < 10 }

  /// Whether it is a control character that no field value may hold: all but the tab.
  @inline(__always)
  var isForbiddenControl: Bool { (self < 0x20 && self != .tab) || self == 0x7F }

  /// The number that a hexadecimal digit stands for.
  @inline(__always)
  var hexadecimalValue: UInt8? {
    if isDigit { return self &- 0x30 }
    let letter = (self | 0x20) &- 0x61
    return letter < 6 ? letter &+ 10 : nil
  }

  /// The byte with ASCII capitals made small.
  @inline(__always)
  var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}
