/// Where a body is written to: a connection as a rule.
protocol HTTPByteSink: Sendable {
  func write(_ bytes: [UInt8]) async throws

  /// The server that writes, if one does.
  var servingServer: HTTPServer? { get }
}

extension HTTPByteSink {
  /// None.
  var servingServer: HTTPServer? { nil }
}
