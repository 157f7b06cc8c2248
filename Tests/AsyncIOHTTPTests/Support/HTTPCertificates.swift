import AsyncIOHTTP
import AsyncIOTLS

/// The certificates of the tests of TLS, which are for `server.test`, `localhost` and `127.0.0.1`.
enum HTTPCertificates {
  static func path(_ name: String) -> String {
    let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(folder)/AsyncIOTLSTests/Certificates/\(name)"
  }

  /// The context of a server that shows the certificate of this name.
  static func server(
    _ name: String = "server", _ configure: (inout TLSConfiguration) throws -> Void = { _ in }
  ) throws -> TLSContext {
    try TLSContext.server(certificateFile: path("\(name).pem"), keyFile: path("\(name).key.pem"), configure)
  }

  /// The context of a client that trusts the tests' authority.
  static func client(
    _ configure: (inout TLSConfiguration) throws -> Void = { _ in }
  ) throws -> TLSContext {
    try TLSContext.client { configuration in
      configuration.trustRoots = .file(path("authority.pem"))
      configuration.applicationProtocols = ["http/1.1"]
      try configure(&configuration)
    }
  }

  /// Makes a client show the certificate of this name.
  static func show(_ name: String, _ configuration: inout TLSConfiguration) throws {
    configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(path("\(name).pem")).map {
      .certificate($0)
    }
    configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: path("\(name).key.pem"), format: .pem))
  }

  /// A session that trusts the tests' authority.
  static func configuration(
    _ configure: (inout TLSConfiguration) throws -> Void = { _ in }
  ) throws -> HTTPSession.Configuration {
    var configuration = HTTPSession.Configuration()
    configuration.tls = try client(configure)
    return configuration
  }
}

extension RunningServer {
  var secureURL: String { "https://127.0.0.1:\(port)" }

  /// Runs `body` beside a server over TLS.
  static func runSecurely<Result>(
    _ context: TLSContext? = nil, handler: @escaping HTTPServer.Handler,
    _ body: (RunningServer) async throws -> Result
  ) async throws -> Result {
    var configuration = HTTPServer.Configuration()
    configuration.tls = try context ?? HTTPCertificates.server()
    return try await run(configuration, handler: handler, body)
  }
}
