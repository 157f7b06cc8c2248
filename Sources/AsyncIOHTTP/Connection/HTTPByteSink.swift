/// Where a body is written to: a connection as a rule.
protocol HTTPByteSink: Sendable {
  func write(_ bytes: [UInt8]) async throws
}
