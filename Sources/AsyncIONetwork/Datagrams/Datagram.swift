/// A message that came, or is to go, over UDP.
public struct Datagram: Sendable, Hashable {
  /// What it says; may be empty.
  public var bytes: [UInt8]
  /// Who has sent it, or who is to get it.
  public var address: SocketAddress
  /// Whether it was longer than the receiver had room for, so that its end is missing.
  public let isTruncated: Bool

  /// Makes a datagram that is to go to `address`.
  public init(_ bytes: [UInt8], to address: SocketAddress) { self.init(bytes, address, isTruncated: false) }

  init(_ bytes: [UInt8], _ address: SocketAddress, isTruncated: Bool) {
    self.bytes = bytes
    self.address = address
    self.isTruncated = isTruncated
  }
}
