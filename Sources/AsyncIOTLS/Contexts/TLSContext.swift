// What connections share: certificates, trust, protocols. Made once, as reading the system's authorities takes milliseconds.
//
// The settings are NIOSSL's own, and are exported with this module: a second vocabulary for the same things would help nobody.

@_exported public import NIOSSL

/// What TLS connections have in common: whom they trust, who they are, and what they speak (Python's `SSLContext`).
///
/// ```swift
/// let context = try TLSContext.client { $0.applicationProtocols = ["h2", "http/1.1"] }
/// let stream = try await TLSStream.connect(host: "example.org", port: 443, context: context)
/// ```
///
/// A client verifies certificates and host names, with the authorities that the system trusts. TLS 1.2 is the oldest version.
public final class TLSContext: Sendable {
  /// The side of the connections that are made with a context.
  enum Side { case client, server }

  let side: Side
  let context: NIOSSLContext
  private let configuration: TLSConfiguration
  /// How long a handshake may take.
  public let handshakeTimeout: Duration
  /// How long the farewell of a connection that is closed may take.
  public let closeTimeout: Duration

  private init(
    _ side: Side, _ configuration: TLSConfiguration, handshakeTimeout: Duration, closeTimeout: Duration
  ) throws {
    self.side = side
    self.configuration = configuration
    self.handshakeTimeout = handshakeTimeout
    self.closeTimeout = closeTimeout
    do {
      context = try NIOSSLContext(configuration: configuration)
    } catch {
      throw TLSError(
        .badConfiguration, "the certificates, keys or settings cannot be used: \(error)", cause: error)
    }
  }

  /// The context with protocols to offer (ALPN), unless it has some already.
  package func offering(_ protocols: [String]) -> TLSContext {
    guard configuration.applicationProtocols.isEmpty else { return self }
    var configuration = configuration
    configuration.applicationProtocols = protocols
    // What has been made once can be made again; if not, it serves without the offer.
    return
      (try? TLSContext(
        side, configuration, handshakeTimeout: handshakeTimeout, closeTimeout: closeTimeout)) ?? self
  }

  /// The context of clients that say nothing else: made when it is first needed.
  static let systemClient = Result { try client() }

  /// Makes the context of a client.
  ///
  /// - Parameters:
  ///   - handshakeTimeout: How long a handshake may take.
  ///   - closeTimeout: How long the farewell of a connection that is closed may take.
  ///   - configure: Changes the settings, such as `trustRoots`, `applicationProtocols` or `certificateChain`.
  /// - Returns: A context for any number of connections.
  /// - Throws: `TLSError` with the code `badConfiguration`.
  public static func client(
    handshakeTimeout: Duration = .seconds(30), closeTimeout: Duration = .seconds(5),
    _ configure: (inout TLSConfiguration) throws -> Void = { _ in }
  ) throws -> TLSContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    try configure(&configuration)
    return try TLSContext(
      .client, configuration, handshakeTimeout: handshakeTimeout, closeTimeout: closeTimeout)
  }

  /// Makes the context of a server from files.
  ///
  /// ```swift
  /// let context = try TLSContext.server(certificateFile: "chain.pem", keyFile: "key.pem")
  /// ```
  ///
  /// Clients need no certificate unless `configure` sets `certificateVerification` and `trustRoots`. A server with several names sets
  /// `sslContextCallback`, which gets the name that the client has asked for.
  ///
  /// - Parameters:
  ///   - certificateFile: The server's certificate in PEM, followed by those of its authorities.
  ///   - keyFile: The key of the server's certificate in PEM.
  ///   - handshakeTimeout: How long a handshake may take.
  ///   - closeTimeout: How long the farewell of a connection that is closed may take.
  ///   - configure: Changes the settings.
  /// - Returns: A context for any number of connections.
  /// - Throws: `TLSError` with the code `badConfiguration`.
  public static func server(
    certificateFile: String, keyFile: String,
    handshakeTimeout: Duration = .seconds(30), closeTimeout: Duration = .seconds(5),
    _ configure: (inout TLSConfiguration) throws -> Void = { _ in }
  ) throws -> TLSContext {
    let chain = try reading(certificateFile) { try NIOSSLCertificate.fromPEMFile(certificateFile) }
    let key = try reading(keyFile) { try NIOSSLPrivateKey(file: keyFile, format: .pem) }
    return try server(
      certificates: chain, key: key, handshakeTimeout: handshakeTimeout, closeTimeout: closeTimeout, configure
    )
  }

  /// Makes the context of a server from certificates in memory.
  ///
  /// - Parameters:
  ///   - certificates: The server's, followed by those of its authorities.
  ///   - key: The key of the first certificate.
  ///   - handshakeTimeout: How long a handshake may take.
  ///   - closeTimeout: How long the farewell of a connection that is closed may take.
  ///   - configure: Changes the settings.
  /// - Returns: A context for any number of connections.
  /// - Throws: `TLSError` with the code `badConfiguration`.
  public static func server(
    certificates: [NIOSSLCertificate], key: NIOSSLPrivateKey,
    handshakeTimeout: Duration = .seconds(30), closeTimeout: Duration = .seconds(5),
    _ configure: (inout TLSConfiguration) throws -> Void = { _ in }
  ) throws -> TLSContext {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    try configure(&configuration)
    return try TLSContext(
      .server, configuration, handshakeTimeout: handshakeTimeout, closeTimeout: closeTimeout)
  }

  private static func reading<Result>(_ file: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      throw TLSError(.badConfiguration, "\(file) cannot be read as PEM: \(error)", cause: error)
    }
  }
}
