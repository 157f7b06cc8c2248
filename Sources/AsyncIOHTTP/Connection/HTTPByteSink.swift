import AsyncIONetwork

/// Where a body is written to: a connection as a rule.
protocol HTTPByteSink: AnyObject, Sendable {
  func write(_ bytes: [UInt8]) async throws
}

extension TCPStream: HTTPByteSink {}
