// Whose a certificate is, from its DER encoding (RFC 5280, 4.1): NIOSSL shows no subject and no issuer.
//
//   Certificate ::= SEQUENCE { TBSCertificate ::= SEQUENCE { [0] version, serial, algorithm, issuer, validity, subject, … }, … }

/// The names in a certificate, as far as messages need them.
enum CertificateNames {
  /// Whether issuer and subject are the same name.
  static func isSelfIssued(_ certificate: NIOSSLCertificate) -> Bool {
    guard let (issuer, subject) = names(certificate) else { return false }
    return issuer == subject
  }

  /// The host names of a certificate, or else its common name.
  static func describe(_ certificate: NIOSSLCertificate) -> String {
    let alternatives = certificate._subjectAlternativeNames().compactMap { name -> String? in
      switch name.nameType {
      case .dnsName: String(decoding: name.contents, as: UTF8.self)
      case .ipAddress: address(Array(name.contents))
      default: nil
      }
    }
    if !alternatives.isEmpty { return alternatives.joined(separator: ", ") }
    guard let (_, subject) = names(certificate), let name = commonName(subject) else { return "the peer" }
    return name
  }

  private static func address(_ bytes: [UInt8]) -> String {
    guard bytes.count == 16 else { return bytes.map { "\($0)" }.joined(separator: ".") }
    return stride(from: 0, to: 16, by: 2)
      .map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }.joined(separator: ":")
  }

  /// The encoded names of the issuer and of the subject.
  private static func names(_ certificate: NIOSSLCertificate) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
    guard let bytes = try? certificate.toDERBytes() else { return nil }
    var input = bytes[...]
    guard var certificate = next(&input)?.content, var body = next(&certificate)?.content else { return nil }
    // The version is there unless it is the oldest one.
    if body.first == 0xA0 { _ = next(&body) }
    guard next(&body) != nil, next(&body) != nil, let issuer = next(&body)?.content, next(&body) != nil,
      let subject = next(&body)?.content
    else { return nil }
    return (issuer, subject)
  }

  /// The last common name (2.5.4.3) in an encoded name.
  private static func commonName(_ name: ArraySlice<UInt8>) -> String? {
    var (name, found) = (name, String?.none)
    while var set = next(&name)?.content {
      guard var attribute = next(&set)?.content, let type = next(&attribute), let value = next(&attribute)
      else {
        continue
      }
      if Array(type.content) == [0x55, 0x04, 0x03] { found = String(decoding: value.content, as: UTF8.self) }
    }
    return found
  }

  /// Takes one element of DER from the front.
  private static func next(_ input: inout ArraySlice<UInt8>) -> (tag: UInt8, content: ArraySlice<UInt8>)? {
    guard input.count >= 2, let tag = input.popFirst(), let first = input.popFirst() else { return nil }
    var length = Int(first)
    if first >= 0x80 {
      let count = Int(first & 0x7F)
      guard (1...4).contains(count), input.count >= count else { return nil }
      length = input.prefix(count).reduce(0) { $0 << 8 | Int($1) }
      input = input.dropFirst(count)
    }
    guard input.count >= length else { return nil }
    defer { input = input.dropFirst(length) }
    return (tag, input.prefix(length))
  }
}
